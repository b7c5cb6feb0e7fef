package idnow

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// storable tells whether a text may go into a column and onto a page.
func storable(s string) bool { return kyc.CheckText(s, 1000) == "" }

// FuzzReadResult: of whatever the firm answers, only words of ours and texts
// that can be stored come through, and the same answer is the same finding.
func FuzzReadResult(f *testing.F) {
	raw, err := os.ReadFile("testdata/changed.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	for _, raw := range []string{
		`{"identificationprocess":{"result":"ABORTED","reason":"USER_CANCELLATION","transactionnumber":"TX-1","identificationtime":"2016-02-25T13:51:20+01:00"}}`,
		`{"identificationprocess":{"result":"SUCCESS\u0000","reason":" x","transactionnumber":"TX-1","identificationtime":"9999-12-31T23:59:59-23:59","href":1}}`,
		`{"identificationprocess":{"result":"SUCCESS","transactionnumber":"TX-1","identificationtime":"2016-02-25T13:51:20Z"},"userdata":{"title":{"value":"Prof. Dr.","status":"CHANGE","original":"a\u0000"},"birthday":{"value":"29.02.2001","status":"NEW"}},"identificationdocument":{"number":{"value":"\u0000\n"},"type":{"value":5}}}`,
		`{"userdata":{"address":[]}}`, `{"identificationprocess":{"transactionnumber":"TX-1","result":"FAILED","identificationtime":""}}`, `null`, `[[[[`,
	} {
		f.Add([]byte(raw))
	}
	known := append(slices.Collect(maps.Values(events)), kyc.NotUnderstood)
	var paths []string
	for _, field := range kyc.PersonFields {
		paths = append(paths, field.Path)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		finding, err := readResult("TX-1", json.RawMessage(raw))
		if err != nil {
			if !kyc.IsKind(err, kyc.BadGateway) && !errors.Is(err, provider.ErrNoResult) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if !slices.Contains(known, finding.Event) || finding.Fingerprint == "" || finding.Result == "" {
			t.Errorf("%q: %+v", raw, finding)
		}
		p := finding.Paper
		for _, s := range []string{finding.Result, finding.Reason, p.Type, p.Country, p.Number, p.Issuer} {
			if !storable(s) {
				t.Errorf("%q came through", s)
			}
		}
		for _, s := range []string{p.IssuedOn, p.ValidUntil} {
			if _, ok := kyc.ParseDate(s); s != "" && !ok {
				t.Errorf("%q is no date", s)
			}
		}
		if _, ok := kyc.NormalizePhone(finding.Phone); finding.Phone != "" && !ok {
			t.Errorf("%q is no phone number", finding.Phone)
		}
		seen := map[string]bool{}
		for _, v := range finding.Values {
			if v.Value == "" || !storable(v.Value) || !storable(v.Original) || seen[v.Path] || !slices.Contains(paths, v.Path) ||
				!slices.Contains([]provider.Standing{provider.Confirmed, provider.Changed, provider.New}, v.Standing) {
				t.Errorf("%+v came through", v)
			}
			seen[v.Path] = true
		}
		if again, err := readResult("TX-1", json.RawMessage(raw)); err != nil || !reflect.DeepEqual(again, finding) {
			t.Errorf("%q: %+v, then %+v %v", raw, finding, again, err)
		}
	})
}

// archiveWith makes an archive whose files all hold the same.
func archiveWith(t testing.TB, content []byte, method uint16, names ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzUnpack: whatever the archive is, its files are few, of documented kinds
// and names without a path, and none unpacks to more than it may.
func FuzzUnpack(f *testing.F) {
	f.Add(archiveWith(f, []byte("x"), zip.Store, "TX-1_idfrontside.png", "TX-1.mp3"))
	f.Add(archiveWith(f, bytes.Repeat([]byte{0}, 4<<10), zip.Deflate, "TX-1_userface.jpg", "TX-1.xml", "TX-1.json"))
	f.Add(archiveWith(f, nil, zip.Store, "../../TX-1_userface.jpg", `..\..\TX-1_idbackside.JPG`, "/etc/TX-1_idholograms.png", "TX-1_security1.jpg/", "TX-1_videolog.mp4\x00.exe"))
	f.Add(archiveWith(f, nil, zip.Store, "TX-1_userface.jpg", "TX-1_userface.jpg"))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, whole []byte) {
		files, err := unpackBytes(whole)
		if err != nil {
			return
		}
		total := int64(0)
		for _, file := range files {
			stem, _, _ := strings.Cut(file.Name, ".")
			if strings.ContainsAny(file.Name, "/\\\x00") || documentTypes[stem] != file.Type || file.Type == "" || file.ContentType == "" {
				t.Fatalf("%q is none of the documented files: %s %s", file.Name, file.Type, file.ContentType)
			}
			r, err := file.Open()
			if err != nil {
				continue // it says so in time
			}
			n, _ := io.Copy(io.Discard, r) // a file that breaks off is no document
			total += n
			r.Close()
		}
		if len(files) > maxFiles || total > maxUnpacked {
			t.Fatalf("%d files of %d bytes", len(files), total)
		}
	})
}

// FuzzRefusal: a body with errors is a refusal, of a kind that fits its status.
func FuzzRefusal(f *testing.F) {
	f.Add(400, []byte(`{"errors":[{"cause":"BAD_REQUEST","id":"1","key":null,"message":null}]}`))
	f.Add(200, []byte(`{"errors":{}}`))
	f.Add(503, []byte(`{"errors":[{}],"errors":[]}`))
	f.Add(404, []byte("{\"errors\":[{\"message\":\"\\u0000\xff\"}]}"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for _, method := range []string{"GET", "POST"} {
			err := refusal(method, status, body)
			if err == nil {
				continue
			}
			var e *kyc.Error
			if !errors.As(err, &e) || (e.Code != "idnow_error" && e.Code != "bad_gateway") || (e.Kind == kyc.BadGateway) != (status >= 500 || status == 429) {
				t.Errorf("%d: %v", status, err)
			} else if !strings.HasSuffix(e.Detail, "]") || strings.ContainsAny(e.Detail, "\x00\r\n") {
				t.Errorf("%q", e.Detail)
			}
		}
	})
}

// FuzzReceive: a push names an identification that a database could look for,
// or it is refused.
func FuzzReceive(f *testing.F) {
	for _, body := range []string{
		`{"identificationprocess":{"transactionnumber":"TX-1"}}`, `{"identificationprocess":{"transactionnumber":"\u0000"}}`, `{"identificationprocess":{"transactionnumber":" "}}`,
		`{"identificationProcess":{"TransactionNumber":"TX-1"}}`, `{"identificationprocess":null}`, `[`, "\xff", `<identification/>`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tx, err := receiver{}.Receive(provider.Push{Body: body})
		if err != nil {
			if !kyc.IsKind(err, kyc.Invalid) || tx != "" {
				t.Errorf("%q: %q %v", body, tx, err)
			}
			return
		}
		if tx == "" || !storable(tx) {
			t.Errorf("%q is about %q", body, tx)
		}
	})
}

// told is a firm that answers the login with one thing and all else with another.
type told struct {
	login, answer string
	status        int
}

func (f told) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := f.status, f.answer
	if strings.HasSuffix(r.URL.Path, "/login") {
		status, body = http.StatusOK, f.login
	}
	if r.Header.Get("X-API-LOGIN-TOKEN") != "" && kyc.CheckText(r.Header.Get("X-API-LOGIN-TOKEN"), maxToken) != "" {
		return nil, errors.New("net/http: invalid header field value")
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// FuzzAnswer: whatever the firm answers to whatever we ask, we get something of
// use or an error of a kind that the port knows.
func FuzzAnswer(f *testing.F) {
	const login = `{"authToken":"t"}`
	for _, answer := range []string{
		`{"id":"TST-XLFYB"}`, `{"id":"a\u0000b"}`, `{"id":5}`, `{"estimatedWaitingTime":9223372036854775808}`, `{"id":"x","estimatedWaitingTime":-1}`, `{"errors":[]}`,
		`{"errors":[{"cause":"OBJECT_NOT_FOUND"}]}`, "<html>", "", "\x00\xfe{", `{"identifications":[{"identificationprocess":{}}]}`, "PK\x03\x04",
	} {
		for _, status := range []int{200, 401, 404, 502} {
			f.Add(status, login, answer)
		}
	}
	f.Add(200, `{"authToken":"a\r\nX: y"}`, `{}`)
	f.Add(200, `{}`, `{}`)
	f.Fuzz(func(t *testing.T, status int, login, answer string) {
		if status < 100 || status > 999 {
			return // net/http lets no other through
		}
		synctest.Test(t, func(t *testing.T) { // so that the pauses between tries take no time
			a := New(Config{
				GatewayURL: "https://gateway.example", GoURL: "https://go.example", CompanyID: "bank", APIKey: "key", Wall: clock.Real{},
				HTTP: &http.Client{Transport: told{login, answer, status}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
			})
			ctx := context.Background()
			session, err := a.Starter.Start(ctx, provider.Order{Identification: "TX-1"})
			portKnows(t, err)
			if err == nil && (session.Reference == "" || !storable(session.Reference) || session.URL != "https://go.example/bank/identifications/TX-1") {
				t.Errorf("%q: %+v", answer, session)
			}
			if w := session.EstimatedWaiting; w != nil && (*w < 0 || *w > 7*24*3600) {
				t.Errorf("%q: an estimate of %d s", answer, *w)
			}
			_, err = a.Poller.Poll(ctx, provider.Ref{Identification: "TX-1"})
			portKnows(t, err)
			_, err = a.Archiver.Archive(ctx, "TX-1", &memory{})
			portKnows(t, err)
		})
	})
}

// memory is a scratch for what is small.
type memory struct{ b []byte }

func (m *memory) Write(p []byte) (int, error) {
	m.b = append(m.b, p...)
	return len(p), nil
}

func (m *memory) ReadAt(p []byte, off int64) (int, error) { return bytes.NewReader(m.b).ReadAt(p, off) }

func (m *memory) Size() int64 { return int64(len(m.b)) }

func (m *memory) Reset() error {
	m.b = nil
	return nil
}

func portKnows(t *testing.T, err error) {
	t.Helper()
	var e *kyc.Error
	switch {
	case err == nil, errors.Is(err, provider.ErrNoResult):
	case errors.As(err, &e) && slices.Contains([]kyc.Kind{kyc.Invalid, kyc.NotFound, kyc.BadGateway, kyc.Timeout}, e.Kind):
	default:
		t.Errorf("an error that the port does not know: %v", err)
	}
}
