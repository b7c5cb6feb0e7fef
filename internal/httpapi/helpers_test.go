package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/testkit"
)

type object = testkit.Object

// refusal is the error body as a client reads it, both readings of it.
type refusal struct {
	Errors []struct {
		ID, Code, Title, Detail, Details string
		Status                           int
		Source                           *struct{ Field, Message string }
	}
	ID, Status, Code, Title, Detail, Details string
	Error                                    string
	Description                              string `json:"error_description"`
}

// sources are the fields to blame, in order.
func (r refusal) sources() (fields []string) {
	for _, e := range r.Errors {
		if e.Source != nil {
			fields = append(fields, e.Source.Field)
		}
	}
	return fields
}

// ownWords are the codes whose detail is more than field and message.
var ownWords = map[string]bool{"deprecated_params": true, "constraint_violation": true, "invalid_iban": true}

// readRefusal reads the body and makes sure that both readings say the same.
func readRefusal(t testing.TB, status int, body []byte) (r refusal) {
	t.Helper()
	if err := json.Unmarshal(body, &r); err != nil || len(r.Errors) == 0 {
		t.Fatalf("%d is no error body: %v: %.300s", status, err, body)
	}
	first := r.Errors[0]
	if r.ID != first.ID || r.Status != strconv.Itoa(status) || r.Code != first.Code || r.Title != first.Title ||
		r.Detail != first.Detail || r.Details != first.Details || r.Title == "" {
		t.Errorf("the two readings differ: %s", body)
	}
	for _, e := range r.Errors {
		if e.Status != status {
			t.Errorf("status %d in a %d: %s", e.Status, status, body)
		}
		if e.Source != nil && e.Detail != e.Source.Field+" "+e.Source.Message && !ownWords[e.Code] {
			t.Errorf("detail %q is not field and message %v", e.Detail, *e.Source)
		}
	}
	return r
}

// refused sends a request that must be answered with the status and the code.
func refused(t testing.TB, l *testkit.Live, status int, code, method, path string, body any) refusal {
	t.Helper()
	got, _, b := l.Do(method, path, body)
	if got != status {
		t.Fatalf("%s %s: %d, want %d: %.500s", method, path, got, status, b)
	}
	r := readRefusal(t, got, b)
	if r.Code != code {
		t.Errorf("%s %s: code %s, want %s: %s", method, path, r.Code, code, b)
	}
	return r
}

// send sends a request as it is, with the headers in pairs of name and value.
func send(t testing.TB, l *testkit.Live, method, path, body string, headers ...string) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, l.APIURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return l.Send(req)
}

func bearer(l *testkit.Live) []string { return []string{"Authorization", "Bearer " + l.Token} }

// handle opens the sandbox's database a second time, as the command line does.
func handle(t testing.TB, l *testkit.Live) kyc.Store {
	t.Helper()
	url := l.Options.Database
	if url == "" {
		url = sandbox.DatabaseFile(l.Options.Data)
	}
	store, err := sqlstore.Open(context.Background(), url, sqlstore.Options{
		Clock: clock.Real{}, NewID: func(suffix string, _ int64) string { return id.Random(suffix) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// newPartner makes another partner while the sandbox runs.
func newPartner(t testing.TB, l *testkit.Live, in flow.NewPartner) *testkit.Live {
	t.Helper()
	p, secret, err := flow.CreatePartner(context.Background(), handle(t, l), in)
	if err != nil {
		t.Fatal(err)
	}
	other := *l
	other.Partner = sandbox.Credentials{ClientID: p.ClientID, ClientSecret: secret}
	other.Token = l.TokenOf(p.ClientID, secret)
	return &other
}

// change changes the sandbox's own partner.
func change(t testing.TB, l *testkit.Live, fn func(*kyc.Partner)) {
	t.Helper()
	if err := flow.ChangePartner(context.Background(), handle(t, l), l.Partner.ClientID, fn); err != nil {
		t.Fatal(err)
	}
}

// atRest tells which files of the sandbox's folder hold the text.
func atRest(t testing.TB, l *testkit.Live, text string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(l.Options.Data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			files = append(files, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// idsOf lists the ids of a list, in its order.
func idsOf(list []object) (ids []string) {
	for _, o := range list {
		ids = append(ids, o["id"].(string))
	}
	return ids
}

func same[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func day(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// with is l for a test below the one that started it.
func with(t testing.TB, l *testkit.Live) *testkit.Live {
	below := *l
	below.T = t
	return &below
}

// withSecret gives a partner an identification secret.
func withSecret(t *testing.T, secret string) func(*kyc.Partner) {
	t.Helper()
	hash, err := flow.HashSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	return func(p *kyc.Partner) { p.IdentSecretHash = hash }
}
