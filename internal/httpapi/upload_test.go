package httpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

const (
	aPDF = "%PDF-1.7 a proof of address"
	aPNG = "\x89PNG\r\n\x1a\n a photo"
)

// formPart is a part of a form; a file if it has a file name or a type.
type formPart struct{ name, file, kind, content string }

// formOf writes a form as curl does.
func formOf(t testing.TB, parts ...formPart) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		params := map[string]string{"name": p.name}
		if p.file != "" {
			params["filename"] = p.file
		}
		h.Set("Content-Disposition", mime.FormatMediaType("form-data", params))
		if p.kind != "" {
			h.Set("Content-Type", p.kind)
		}
		part, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

// post uploads a form.
func post(t testing.TB, l *testkit.Live, key, path string, parts ...formPart) (int, http.Header, []byte) {
	t.Helper()
	contentType, body := formOf(t, parts...)
	headers := append(bearer(l), "Content-Type", contentType)
	if key != "" {
		headers = append(headers, "Idempotency-Key", key)
	}
	return send(t, l, "POST", path, body, headers...)
}

func typed(kind string) formPart { return formPart{name: "document_type", content: kind} }

func pdfFile(content string) formPart {
	return formPart{"file", "proof.pdf", "application/pdf", content}
}

// uploaded makes a document.
func uploaded(t testing.TB, l *testkit.Live, path string) object {
	t.Helper()
	status, _, body := post(t, l, "", path, typed("PROOF_OF_ADDRESS"), pdfFile(aPDF))
	if status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	return objectOf(t, body)
}

// blobsLeft makes sure that the store of documents holds n files.
func blobsLeft(t testing.TB, l *testkit.Live, n int) {
	t.Helper()
	var names []string
	for _, f := range atRest(t, l, "") { // every file
		if len(f) == 64 || strings.Trim(f, "0123456789") == "" {
			names = append(names, f)
		}
	}
	if len(names) != n {
		t.Errorf("%d files of documents are there, want %d: %v", len(names), n, names)
	}
}

func TestUpload(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := l.Person("Antonia")
		documents := "/v1/persons/" + person + "/documents"
		status, _, body := post(t, l, "", documents, pdfFile(aPDF), formPart{name: "note", content: "ignored"}, typed("PROOF_OF_ADDRESS"))
		if status != 201 {
			t.Fatalf("%d %s", status, body)
		}
		d := objectOf(t, body)
		want := fmt.Sprintf(`{"id":%q,"name":"proof.pdf","content_type":"application/pdf","document_type":"PROOF_OF_ADDRESS","size":%d,"customer_accessible":false,"partner_accessible":true,"created_at":%q,"deleted_at":null}`,
			d["id"], len(aPDF), d["created_at"])
		if string(body) != want {
			t.Errorf("%s\nwant\n%s", body, want)
		}
		one := documents + "/" + d["id"].(string)
		_, h, file := l.Do("GET", one+"/file", nil)
		if string(file) != aPDF || h.Get("Content-Type") != "application/pdf" || h.Get("Content-Disposition") != `attachment; filename="proof.pdf"` {
			t.Errorf("%q %v", file, h)
		}
		if list := l.Array(documents); len(list) != 1 || jsonOf(t, list[0]) != jsonOf(t, d) || jsonOf(t, l.Call(200, "GET", one, nil)) != jsonOf(t, d) {
			t.Errorf("%v", list)
		}
		for _, secret := range []string{aPDF, "proof.pdf"} {
			if files := atRest(t, l, secret); len(files) > 0 {
				t.Errorf("%q lies unsealed in %v", secret, files)
			}
		}
		// Names are data, and so is what the part says of its type.
		for name, kept := range map[string]string{
			"../../etc/passwd": "passwd", `C:\a\Pass Müller.pdf`: "Pass Müller.pdf", "": "document", "a\u202efdp.pdf": "afdp.pdf", "日本.pdf": "日本.pdf",
			`a";x="b.pdf`: `a";x="b.pdf`, strings.Repeat("x", 300) + ".pdf": strings.Repeat("x", 251) + ".pdf",
		} {
			status, _, body := post(t, l, "", documents, typed("OTHER"), formPart{"file", name, "application/octet-stream", aPDF})
			if o := objectOf(t, body); status != 201 || o["name"] != kept || o["content_type"] != "application/pdf" {
				t.Errorf("%q: %d %s", name, status, body)
				continue
			}
			_, h, _ := l.Do("GET", documents+"/"+objectOf(t, body)["id"].(string)+"/file", nil)
			if _, params, err := mime.ParseMediaType(h.Get("Content-Disposition")); err != nil || params["filename"] != kept {
				t.Errorf("%q: %q %v", name, h.Get("Content-Disposition"), err)
			}
		}
		events := historyOf(t, l, person)
		if events[1].Event != "document_uploaded" || !strings.Contains(events[1].Details, d["id"].(string)) || strings.Contains(events[1].Details, "proof.pdf") ||
			events[1].RequestID == "" || events[1].Actor != "partner" {
			t.Errorf("%+v", events[1])
		}
	})
}

func historyOf(t testing.TB, l *testkit.Live, person string) (all []kyc.Entry) {
	t.Helper()
	err := handle(t, l).View(context.Background(), func(v kyc.View) (err error) {
		all, err = v.History().OfPerson(person)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestUploadRefusals: what is wrong is told, all of it at once, and nothing is
// left of the file.
func TestUploadRefusals(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url, func(o *sandbox.Options) { o.MaxUpload = 64 << 10 })
		documents := "/v1/persons/" + l.Person("Antonia") + "/documents"
		png := formPart{"file", "photo.png", "image/png", aPNG}
		for name, c := range map[string]struct {
			parts   []formPart
			status  int
			code    string
			sources []string
		}{
			"nothing":                 {nil, 400, "bad_request", []string{"document_type", "file"}},
			"no type":                 {[]formPart{png}, 400, "bad_request", []string{"document_type"}},
			"no file":                 {[]formPart{typed("OTHER")}, 400, "bad_request", []string{"file"}},
			"an unknown type":         {[]formPart{png, typed("PASSPORT")}, 400, "invalid_model", []string{"document_type"}},
			"a type of the system":    {[]formPart{png, typed("QES_DOCUMENT")}, 400, "invalid_model", []string{"document_type"}},
			"white space":             {[]formPart{typed(" OTHER"), png}, 400, "invalid_model", []string{"document_type"}},
			"two types":               {[]formPart{typed("OTHER"), typed("OTHER"), png}, 400, "invalid_model", []string{"document_type"}},
			"two files":               {[]formPart{png, typed("OTHER"), png}, 400, "invalid_model", []string{"file"}},
			"an empty file":           {[]formPart{typed("OTHER"), {"file", "a.png", "image/png", ""}}, 400, "invalid_model", []string{"file"}},
			"HTML as PNG":             {[]formPart{typed("OTHER"), {"file", "a.png", "image/png", "<html>"}}, 400, "invalid_model", []string{"file"}},
			"a program":               {[]formPart{typed("OTHER"), {"file", "a", "", "MZ\x90\x00"}}, 400, "invalid_model", []string{"file"}},
			"PNG as PDF":              {[]formPart{typed("OTHER"), pdfFile(aPNG)}, 400, "invalid_model", []string{"file"}},
			"type and file are wrong": {[]formPart{{"file", "a.svg", "image/svg+xml", "<svg/>"}, typed("X")}, 400, "invalid_model", []string{"document_type", "file"}},
			"too large":               {[]formPart{typed("OTHER"), pdfFile(aPDF + strings.Repeat("x", 64<<10))}, 413, "payload_too_large", nil},
			"too large, and wrong":    {[]formPart{{"file", "a.png", "image/png", strings.Repeat("<html>", 12000)}}, 413, "payload_too_large", nil},
			"as large as it may be":   {[]formPart{typed("OTHER"), pdfFile("%PDF-" + strings.Repeat("x", 64<<10-5))}, 201, "", nil},
			"much beside the file":    {[]formPart{png, {name: "note", content: strings.Repeat("x", 40<<10)}, typed("OTHER")}, 413, "payload_too_large", nil},
			"a long type":             {[]formPart{typed(strings.Repeat("X", 300)), png}, 400, "invalid_model", []string{"document_type"}},
			"many parts":              {append(slices.Repeat([]formPart{{name: "note"}}, 40), png), 400, "bad_request", nil},
		} {
			status, _, body := post(t, l, "", documents, c.parts...)
			if status != c.status {
				t.Errorf("%s: %d %s", name, status, body)
				continue
			}
			if status == 201 {
				continue
			}
			r := readRefusal(t, status, body)
			same(t, name, r.sources(), c.sources)
			if r.Code != c.code {
				t.Errorf("%s: %s", name, body)
			}
			if name == "too large" && !strings.Contains(r.Detail, "64 KiB") {
				t.Errorf("the limit is not named: %s", r.Detail)
			}
		}
		contentType, body := formOf(t, typed("OTHER"), pdfFile(aPDF))
		for name, c := range map[string]struct {
			kind, body string
			status     int
		}{
			"JSON": {"application/json", `{}`, 415}, "no type": {"", body, 415}, "another form": {"application/x-www-form-urlencoded", "a=b", 415},
			"mixed": {strings.Replace(contentType, "form-data", "mixed", 1), body, 415}, "no boundary": {"multipart/form-data", body, 400},
			"a long boundary": {"multipart/form-data; boundary=" + strings.Repeat("x", 71), body, 400}, "no form": {contentType, "x", 400}, "nothing": {contentType, "", 400},
			"cut off": {contentType, body[:len(body)-40], 400}, "cut off in the file": {contentType, body[:strings.Index(body, "proof of")], 400},
			"headers without end": {contentType, body[:60] + strings.Repeat("\r\nX-A: b", 20_000), 413}, "broken headers": {"multipart/form-data; boundary=b", "--b\r\n\x00: x\r\n\r\n--b--", 400},
		} {
			status, _, answer := send(t, l, "POST", documents, c.body, append(bearer(l), "Content-Type", c.kind)...)
			if status != c.status {
				t.Errorf("%s: %d %s", name, status, answer)
			}
		}
		if n := len(l.Array(documents)); n != 1 {
			t.Errorf("%d documents", n)
		}
		blobsLeft(t, l, 1)
		refused(t, l, 404, "model_not_found", "POST", "/v1/persons/nobody/documents", nil)
		refused(t, l, 404, "model_not_found", "POST", path.Dir(documents)+"/identifications/nothing/document_upload", nil)
	})
}

func TestUploadOnce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		documents := "/v1/persons/" + l.Person("Antonia") + "/documents"
		good := []formPart{typed("OTHER"), pdfFile(aPDF)}
		status, h, first := post(t, l, "k", documents, good...)
		if status != 201 || h.Get("Idempotency-Hit") != "" {
			t.Fatalf("%d %s", status, first)
		}
		// The boundary and the order of the parts are none of the request's meaning.
		for _, parts := range [][]formPart{good, {good[1], good[0]}} {
			if status, h, again := post(t, l, "k", documents, parts...); status != 201 || h.Get("Idempotency-Hit") != "true" || !bytes.Equal(first, again) {
				t.Errorf("%d %v %s", status, h, again)
			}
		}
		for name, parts := range map[string][]formPart{
			"bytes": {typed("OTHER"), pdfFile(aPDF + ".")}, "type": {typed("INVOICE"), good[1]}, "name": {good[0], {"file", "b.pdf", "application/pdf", aPDF}},
		} {
			if status, _, body := post(t, l, "k", documents, parts...); status != 422 {
				t.Errorf("other %s: %d %s", name, status, body)
			}
		}
		if status, _, body := post(t, l, "ä", documents, good...); status != 400 {
			t.Errorf("%d %s", status, body)
		}
		if n := len(l.Array(documents)); n != 1 {
			t.Errorf("%d documents", n)
		}
		blobsLeft(t, l, 1)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if status, _, body := post(t, l, "race", documents, good...); status != 201 {
					t.Errorf("%d %s", status, body)
				}
			})
		}
		wg.Wait()
		if n := len(l.Array(documents)); n != 2 {
			t.Errorf("%d documents", n)
		}
		blobsLeft(t, l, 2)
	})
}

// TestDocumentUpload: a document of an identification is listed with it, is
// evidence, and comes once, while the identification is open.
func TestDocumentUpload(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		ident := create(l, l.Person("Antonia"))
		documents := path.Dir(path.Dir(ident)) + "/documents"
		d := uploaded(t, l, ident+"/document_upload")
		one := documents + "/" + d["id"].(string)
		shown := l.Call(200, "GET", ident+"?include_documents=true", nil)["documents"].([]any)
		if len(shown) != 1 || shown[0].(object)["name"] != "proof.pdf" || len(l.Array(documents)) != 1 {
			t.Errorf("%v", shown)
		}
		again := []formPart{typed("PROOF_OF_ADDRESS"), pdfFile(aPDF)}
		if status, _, body := post(t, l, "", ident+"/document_upload", again...); status != 409 || readRefusal(t, status, body).Code != "record_not_unique" {
			t.Errorf("%d %s", status, body)
		}
		if status, _, body := post(t, l, "", ident+"/document_upload", typed("OTHER"), again[1]); status != 201 {
			t.Errorf("another type: %d %s", status, body)
		}
		if status, _, body := post(t, l, "", documents, again...); status != 201 {
			t.Errorf("the person's own: %d %s", status, body)
		}
		other := create(l, path.Base(path.Dir(documents)))
		if status, _, body := post(t, l, "", other+"/document_upload", again...); status != 201 {
			t.Errorf("another identification: %d %s", status, body)
		}
		blobsLeft(t, l, 4)

		refused(t, l, 403, "unauthorized_action", "DELETE", one, nil)
		refused(t, l, 403, "unauthorized_action", "PATCH", one, object{"document_type": "OTHER"})
		if o := l.Call(200, "PATCH", one, object{"document_type": "PROOF_OF_ADDRESS", "customer_accessible": true}); o["customer_accessible"] != true {
			t.Errorf("%v", o)
		}

		l.Call(200, "PATCH", ident+"/request", nil)
		if status, _, body := post(t, l, "", ident+"/document_upload", typed("INVOICE"), again[1]); status != 201 {
			t.Errorf("pending: %d %s", status, body)
		}
		end(l, ident, "SUCCESS", "")
		status, _, body := post(t, l, "", ident+"/document_upload", typed("SIGNATURE"), again[1])
		if status != 412 || !strings.Contains(string(body), "'successful'; documents are added to it while it is one of 'aborted', 'canceled', 'created', 'pending'") {
			t.Errorf("%d %s", status, body)
		}
		l.Call(200, "GET", ident, nil)
		for _, e := range historyOf(t, l, path.Base(path.Dir(documents))) {
			if strings.HasPrefix(e.Event, "document_") && (e.From != e.To || (e.From == "") != (e.IdentificationID == "")) {
				t.Errorf("%+v", e)
			}
		}
	})
}

func TestChangeDocument(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := l.Person("Antonia")
		documents := "/v1/persons/" + person + "/documents"
		d := uploaded(t, l, documents)
		one := documents + "/" + d["id"].(string)
		for _, body := range []any{nil, object{}, object{"document_type": nil, "customer_accessible": nil}, object{"name": "x", "size": 1}, object{"document_type": "PROOF_OF_ADDRESS", "customer_accessible": false}} {
			if o := l.Call(200, "PATCH", one, body); jsonOf(t, o) != jsonOf(t, d) {
				t.Errorf("%v changed it to %v", body, o)
			}
		}
		o := l.Call(200, "PATCH", one, object{"document_type": "INVOICE", "customer_accessible": true})
		if o["document_type"] != "INVOICE" || o["customer_accessible"] != true || o["name"] != "proof.pdf" || jsonOf(t, l.Call(200, "GET", one, nil)) != jsonOf(t, o) {
			t.Errorf("%v", o)
		}
		r := refused(t, l, 400, "invalid_model", "PATCH", one, object{"document_type": "SIGNED_QES_DOCUMENT", "customer_accessible": "yes"})
		same(t, "sources", r.sources(), []string{"document_type", "customer_accessible"})
		if r.Errors[1].Code != "type_error" {
			t.Errorf("%+v", r.Errors)
		}
		for _, kind := range []any{"", " OTHER", "x", 5} {
			l.Call(400, "PATCH", one, object{"document_type": kind})
		}
		l.Call(400, "PATCH", one, "{")
		refused(t, l, 404, "model_not_found", "PATCH", documents+"/nothing", "{")

		for query, want := range map[string]int{"?customer_accessible=true": 1, "?customer_accessible=false": 0, "": 1} {
			if n := len(l.Array(documents + query)); n != want {
				t.Errorf("%s: %d", query, n)
			}
		}
		gone := l.Call(200, "DELETE", one, nil)
		if gone["deleted_at"] == nil || gone["name"] != "proof.pdf" {
			t.Errorf("%v", gone)
		}
		refused(t, l, 404, "model_not_found", "DELETE", one, nil)
		refused(t, l, 404, "model_not_found", "PATCH", one, object{"document_type": "OTHER"})
		refused(t, l, 404, "model_not_found", "GET", one+"/file", nil)
		if o := l.Call(200, "GET", one, nil); jsonOf(t, o) != jsonOf(t, gone) {
			t.Errorf("%v", o)
		}
		for query, want := range map[string]int{"": 0, "?include_deleted=true": 1, "?include_deleted=true&customer_accessible=true": 1, "?include_deleted=true&customer_accessible=false": 0} {
			if _, h, _ := l.Do("GET", documents+query, nil); h.Get("total") != fmt.Sprint(want) || len(l.Array(documents+query)) != want {
				t.Errorf("%s: total %s", query, h.Get("total"))
			}
		}
		var told []string
		for _, e := range historyOf(t, l, person)[1:] {
			told = append(told, e.Event+" "+strings.Replace(e.Details, d["id"].(string), "ID", 1))
		}
		same(t, "history", told[1:], []string{
			`document_changed {"customer_accessible":true,"document_id":"ID","document_type":"INVOICE","old_document_type":"PROOF_OF_ADDRESS"}`,
			`document_deleted {"document_id":"ID","document_type":"INVOICE"}`,
		})
		blobsLeft(t, l, 1) // kept, sealed

		// Two changes at a time lose none of each other, and one deletion wins.
		d = uploaded(t, l, documents)
		one = documents + "/" + d["id"].(string)
		var wg sync.WaitGroup
		for _, change := range []object{{"document_type": "INVOICE"}, {"customer_accessible": true}} {
			wg.Go(func() { l.Call(200, "PATCH", one, change) })
		}
		wg.Wait()
		if o := l.Call(200, "GET", one, nil); o["document_type"] != "INVOICE" || o["customer_accessible"] != true {
			t.Errorf("a change was lost: %v", o)
		}
		statuses := make([]int, 4)
		for n := range statuses {
			wg.Go(func() { statuses[n], _, _ = l.Do("DELETE", one, nil) })
		}
		wg.Wait()
		slices.Sort(statuses)
		same(t, "deletions", statuses, []int{200, 404, 404, 404})
	})
}

// TestRanges: parts of a file that spans several sealed segments.
func TestRanges(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	documents := "/v1/persons/" + l.Person("Antonia") + "/documents"
	var b strings.Builder
	b.WriteString("%PDF-1.7\n")
	for n := 0; b.Len() < 200_000; n++ {
		fmt.Fprintf(&b, "%d,", n)
	}
	whole := b.String()
	status, _, body := post(t, l, "", documents, typed("OTHER"), pdfFile(whole))
	if status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	id := objectOf(t, body)["id"].(string)
	file, tag, size := documents+"/"+id+"/file", `"`+id+`"`, len(whole)
	part := func(from, to int) string { return fmt.Sprintf("bytes %d-%d/%d", from, to-1, size) }
	for _, c := range []struct {
		headers  []string
		status   int
		from, to int
	}{
		{nil, 200, 0, size},
		{[]string{"Range", "bytes=0-0"}, 206, 0, 1}, {[]string{"Range", "bytes=0-99"}, 206, 0, 100}, {[]string{"Range", "bytes=65470-65600"}, 206, 65470, 65601},
		{[]string{"Range", "bytes=131000-"}, 206, 131000, size}, {[]string{"Range", "bytes=-10"}, 206, size - 10, size}, {[]string{"Range", "bytes=-999999"}, 206, 0, size},
		{[]string{"Range", fmt.Sprintf("bytes=%d-%d", size-1, size+1000)}, 206, size - 1, size},
		{[]string{"Range", "bytes=0-1,5-6"}, 200, 0, size}, {[]string{"Range", "lines=1-2"}, 200, 0, size}, {[]string{"Range", "bytes=x"}, 200, 0, size},
		{[]string{"Range", "bytes=5-2"}, 416, 0, 0}, {[]string{"Range", "bytes=99999999999999999999-"}, 416, 0, 0}, {[]string{"Range", "bytes=-0"}, 200, 0, size},
		{[]string{"Range", fmt.Sprintf("bytes=%d-", size)}, 416, 0, 0},
		{[]string{"Range", "bytes=5-9", "If-Range", tag}, 206, 5, 10}, {[]string{"Range", "bytes=5-9", "If-Range", `"other"`}, 200, 0, size},
		{[]string{"If-None-Match", tag}, 304, 0, 0}, {[]string{"If-None-Match", `"other"`}, 200, 0, size},
		{[]string{"If-Match", tag}, 200, 0, size}, {[]string{"If-Match", `"other"`}, 412, 0, 0},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			status, h, got := send(t, l, method, file, "", append(bearer(l), c.headers...)...)
			if status != c.status {
				t.Errorf("%s %v: %d %.300s", method, c.headers, status, got)
				continue
			}
			if status >= 400 && method == "GET" {
				readRefusal(t, status, got)
				if h.Get("Content-Disposition") != "" || (status == 416) != (h.Get("Content-Range") != "") {
					t.Errorf("%v: %v", c.headers, h)
				}
				continue
			}
			if status >= 300 {
				continue
			}
			want := whole[c.from:c.to]
			if h.Get("Content-Length") != fmt.Sprint(len(want)) || h.Get("ETag") != tag || h.Get("Accept-Ranges") != "bytes" ||
				(status == 206) != (h.Get("Content-Range") == part(c.from, c.to)) {
				t.Errorf("%s %v: %v", method, c.headers, h)
			}
			if method == "GET" && string(got) != want {
				t.Errorf("%v: %d other bytes", c.headers, len(got))
			}
		}
	}
}

// TestUploadsAtATime: a partner may have some uploads under way and no more, and
// a place is free again when its upload is answered.
func TestUploadsAtATime(t *testing.T) {
	servers := newPair(t, false)
	contentType, form := formOf(t, typed("OTHER"), pdfFile(aPDF))
	servers.each(t, func(t *testing.T, s *inProcess) {
		documents := "/v1/persons/" + s.person + "/documents"
		upload := func() answer {
			return s.send(t, "POST", documents, form, "Content-Type", contentType)
		}
		var bodies []*io.PipeWriter
		var answers []chan int
		for range httpapi.UploadsOfOne {
			r, body := io.Pipe()
			done := make(chan int, 1)
			req := httptest.NewRequest("POST", documents, r)
			req.Header.Set("Authorization", "Bearer "+s.token)
			req.Header.Set("Content-Type", contentType)
			go func() {
				rec := httptest.NewRecorder()
				s.handler.ServeHTTP(rec, req)
				done <- rec.Code
			}()
			_, _ = body.Write([]byte(form[:50])) // taken only by one who has a place
			bodies, answers = append(bodies, body), append(answers, done)
		}
		if a := upload(); a.status != 429 || a.header.Get("Retry-After") != "1" {
			t.Errorf("one upload too many: %d %s", a.status, a.body)
		}
		s.make(t, "/v1/persons", `{"first_name":"Anna","last_name":"M"}`) // other requests do not wait
		for n, body := range bodies {
			_, _ = body.Write([]byte(form[50:]))
			body.Close()
			if status := <-answers[n]; status != http.StatusCreated {
				t.Errorf("an upload was answered with %d", status)
			}
		}
		if a := upload(); a.status != http.StatusCreated {
			t.Errorf("after all: %d %s", a.status, a.body)
		}
	})
}

// TestSlowUpload: an upload that is too slow is told so, and leaves nothing.
func TestSlowUpload(t *testing.T) {
	servers := newPair(t, false)
	contentType, form := formOf(t, typed("OTHER"), pdfFile(aPDF))
	servers.each(t, func(t *testing.T, s *inProcess) {
		for _, cut := range []int{0, 60, strings.Index(form, "proof of"), len(form) - 10} {
			req := httptest.NewRequest("POST", "/v1/persons/"+s.person+"/documents", io.MultiReader(strings.NewReader(form[:cut]), iotest.ErrReader(os.ErrDeadlineExceeded)))
			req.Header.Set("Authorization", "Bearer "+s.token)
			req.Header.Set("Content-Type", contentType)
			a := s.serve(t, req)
			if r := readRefusal(t, a.status, a.body); a.status != 400 || r.Code != "bad_request" || !strings.Contains(r.Detail, "slowly") {
				t.Errorf("cut at %d: %d %s", cut, a.status, a.body)
			}
		}
		if a := s.send(t, "GET", "/v1/persons/"+s.person+"/documents", ""); string(a.body) != "[]" {
			t.Errorf("%s", a.body)
		}
	})
}

// TestDocumentOrder: uploads are listed in their order, by pages.
func TestDocumentOrder(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	documents := "/v1/persons/" + l.Person("Antonia") + "/documents"
	var ids []string
	for range 5 {
		ids = append(ids, uploaded(t, l, documents)["id"].(string))
	}
	same(t, "oldest first", idsOf(l.Array(documents)), ids)
	same(t, "a page", idsOf(l.Array(documents+"?page[size]=2&page[number]=2")), ids[2:4])
	slices.Reverse(ids)
	same(t, "newest first", idsOf(l.Array(documents+"?sort=-created_at&page[size]=3")), ids[:3])
}
