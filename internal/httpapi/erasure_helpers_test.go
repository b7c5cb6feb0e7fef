package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/identikit/identikit/internal/blob/dir"
	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/testkit"
)

// beside is the verbs on the sandbox's data, as the command line has them.
func beside(t testing.TB, l *testkit.Live) *flow.Service {
	t.Helper()
	master, err := seal.MasterFromFile(sandbox.MasterKeyFile(l.Options.Data), false)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := dir.Open(filepath.Join(l.Options.Data, "documents"))
	if err != nil {
		t.Fatal(err)
	}
	return &flow.Service{
		Store: handle(t, l), Clock: clock.Real{}, Wall: clock.Real{}, Master: master, Blobs: blobs, Log: slog.New(slog.DiscardHandler),
	}
}

// found tells where any of the words can be read: in the tables, in the files of
// the database, in the documents. The provider keeps what it was told, so its
// folder is left out.
func found(t testing.TB, l *testkit.Live, words []string) (where []string) {
	t.Helper()
	look := func(place string, text []byte) {
		for _, word := range words {
			if bytes.Contains(text, []byte(word)) {
				where = append(where, word+" in "+place)
			}
		}
	}
	err := filepath.WalkDir(l.Options.Data, func(name string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && entry.Name() == "simulators" {
			return filepath.SkipDir
		}
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		look(filepath.Base(name), b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if l.Options.Database == "" {
		return where
	}
	conn, err := pgx.Connect(t.Context(), l.Options.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		t.Fatalf("%v: %v", err, tables)
	}
	for _, table := range tables {
		// bytea is shown in hexadecimal, so it is turned into text
		rows, err := conn.Query(t.Context(), `SELECT replace(convert_from(decode(regexp_replace(encode(convert_to(x::text, 'UTF8'), 'escape'), '[\\]', '', 'g'), 'escape'), 'UTF8'), '""', '"') FROM `+table+` x`)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			look(table, []byte(line))
		}
		look(table, hexBytes(t, conn, table))
	}
	return where
}

// hexBytes reads the columns of bytes of a table.
func hexBytes(t testing.TB, conn *pgx.Conn, table string) (all []byte) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT column_name::text FROM information_schema.columns
		WHERE table_schema = current_schema() AND data_type = 'bytea' AND table_name = $1`, table)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range columns {
		rows, err := conn.Query(t.Context(), `SELECT COALESCE(`+column+`, '') FROM `+table)
		if err != nil {
			t.Fatal(err)
		}
		values, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes.Join(values, []byte{0})...)
	}
	return all
}

// telling fills every field of a person with something that can be searched for.
func telling() (body object, words []string) {
	body = testkit.Customer("Rumpelstilzchen")
	for path, word := range map[string]string{
		"last_name": "Zwickelmeier", "birth_name": "Quastenflosser", "birth_city": "Hinterposemuckel", "address.line_1": "Nirgendwogasse 99",
		"address.line_2": "Hinterhaus Sterntaler", "address.city": "Froschhausen", "contact_address.line_1": "Rapunzelturm 3", "email": "geheim@zwickelmeier.example",
		"job_title": "Strohspinnerin", "business_purpose": "Goldspinnerei", "vat_number": "DE136695976", "website_social_media": "https://gold.zwickel.example",
		"business_trading_name": "Gold & Stroh", "business_address_line_1": "Spinnstube 7", "registration_number": "HRB-SIEBENZWERGE",
		"mobile_number": "+4917655544433", "birth_date": "1967-07-23",
	} {
		put(body, path, word)
		words = append(words, word)
	}
	return body, append(words, "Rumpelstilzchen", "Schluesselwort") // the latter in an Idempotency-Key
}

// bigmouth is a receiver that takes nothing and quotes what it was sent.
func bigmouth(t testing.TB) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, err := io.ReadAll(r.Body); err != nil || len(b) > 0 { // the verification callout has no body
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, "Papperlapapp, Frau Zwickelmeier")
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// eventful makes a person of whom there is something in every table.
func eventful(t testing.TB, l *testkit.Live) (person, ident string, words []string) {
	t.Helper()
	l.Call(201, "POST", "/v1/webhooks", object{"event_type": "IDENTIFICATION", "url": bigmouth(t)})
	body, words := telling()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	status, _, answer := once(t, l, "Schluesselwort-"+path.Base(t.Name()), "/v1/persons", string(text))
	var made struct{ ID string }
	if err := json.Unmarshal(answer, &made); err != nil || status != 201 {
		t.Fatalf("%d %s", status, answer)
	}
	base := "/v1/persons/" + made.ID
	status, _, answer = once(t, l, "ident-of-"+path.Base(t.Name()), base+"/identifications",
		`{"method":"idnow","iban":"DE89370400440532013000","device_data":"Web;Spieglein","language":"DE","proof_of_address_type":"GAS_BILL","proof_of_address_issued_at":"`+
			time.Now().UTC().Format(time.DateOnly)+`","terms_and_conditions_signed_at":"2020-02-02T02:02:02Z"}`)
	var i struct{ ID string }
	if err := json.Unmarshal(answer, &i); err != nil || status != 201 {
		t.Fatalf("%d %s", status, answer)
	}
	ident = base + "/identifications/" + i.ID
	l.Call(201, "POST", base+"/device_consents", object{"event_type": "APPROVED", "confirmed_at": "2020-03-03T03:03:03Z"})
	l.Call(201, "POST", base+"/device_activities", object{"activity_type": "APP_START", "device_data": "Web;Spieglein"})
	l.Call(201, "POST", base+"/settings", object{"language": "sw"})
	l.Call(201, "POST", "/v1/terms_and_conditions_events", object{
		"document_id": "Kleingedrucktestcdc", "event_timestamp": "2020-04-04T04:04:04Z", "event_type": "APPROVED", "product_name": "OVERDRAFT", "signed_by": made.ID,
	})
	l.Call(201, "POST", base+"/tax_identifications", object{"country": "DE", "number": "86095742719", "primary": true})
	const phone = "+4917655544433"
	verify(t, l, made.ID, phone)
	change := asked(t, l, made.ID, object{"email": "anderswo@zwickelmeier.example"})
	status, _, _ = once(t, l, "change-of-"+path.Base(t.Name()), change+"/authorize", `{"person_id":"`+made.ID+`","delivery_method":"mobile_number"}`)
	confirmed := l.Call(202, "POST", change+"/confirm", object{"person_id": made.ID, "tan": code(t, l, phone), "device_data": "Web;Spieglein"})
	if status != 201 || confirmed["status"] != "COMPLETED" {
		t.Fatalf("%d %v", status, confirmed)
	}
	asked(t, l, made.ID, object{"email": "nirgends@zwickelmeier.example"})
	reference := l.Call(200, "PATCH", ident+"/request", object{"device_data": "Web;Spieglein"})["reference"].(string)
	return made.ID, ident, append(words, "86095742719", "anderswo@", "nirgends@", "DE89370400440532013000", "Spieglein", "Kleingedruckt", "Papperlapapp", reference, "/"+reference, "2020-02-02", "2020-03-03", "2020-04-04")
}
