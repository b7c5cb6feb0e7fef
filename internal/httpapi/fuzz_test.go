package httpapi_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/kyc"
)

// FuzzPageQuery: whatever is asked for, the page is one that a list can have.
func FuzzPageQuery(f *testing.F) {
	for _, q := range []string{"", "page[number]=2&page[size]=5", "page%5Bsize%5D=1000", "page[size]=0", "page[size]=1e3", "sort=-created_at", "sort=x&page[number]=", "%zz", "a;b", "page[number]=1000000000&page[size]=1000"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		p, number, size, err := httpapi.PageOf(query)
		if err != nil {
			if !kyc.IsKind(err, kyc.Invalid) {
				t.Errorf("%q: %v", query, err)
			}
			return
		}
		if number < 1 || size < 1 || size > 1000 || p.Limit != size || p.Offset != (number-1)*size {
			t.Errorf("%q: %+v %d %d", query, p, number, size)
		}
	})
}

// FuzzDisposition: a name is data. It comes back from the header as it was, and
// it cannot end it.
func FuzzDisposition(f *testing.F) {
	for _, name := range []string{"report.pdf", "Bericht für Ä.pdf", `a"b\c.pdf`, "a\r\nSet-Cookie: x=y", "a;b", "", "../../etc/passwd", "\x00\xff", "%41", "a'b", "日本", "🪪.png", "a=b,c&d+e@f:g$h"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		header := httpapi.Disposition(name)
		if strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("%q: %q is not plain", name, header)
		}
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" {
			t.Fatalf("%q: %q: %v", name, header, err)
		}
		for key := range params {
			if key != "filename" {
				t.Errorf("%q: %q has %q", name, header, key)
			}
		}
		if utf8.ValidString(name) && strings.Contains(header, "filename*") && params["filename"] != name {
			t.Errorf("%q came back as %q from %q", name, params["filename"], header)
		}
	})
}

// FuzzBody: what the decoder takes is an object of valid texts, and it takes
// the same again when that is written down.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		"", "null", " {} ", `{"a":1,"a":2}`, `{"a":{"b":[1.50,1e400,-0]}}`, `{"a":"\u0000\ud800"}`, "{\"a\":\"\xff\"}", `{}{}`, `{} x`, `[]`, `"a"`,
		`{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), `{"a":"[[[[{{{{\"\\"}`,
	} {
		f.Add("application/json", []byte(body))
	}
	f.Add("text/plain; charset", []byte(`{}`))
	f.Add("application/vnd.api+json", []byte(`{}`))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		taken, err := httpapi.Decode(contentType, body)
		if err != nil {
			refusable(t, err)
			return
		}
		if taken == nil {
			t.Fatalf("%q: neither an object nor an error", body)
		}
		written, err := json.Marshal(taken)
		if err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		again, err := httpapi.Decode("application/json", written)
		if err != nil {
			t.Fatalf("%q became %q, which is refused: %v", body, written, err)
		}
		second, err := json.Marshal(again)
		if err != nil || !bytes.Equal(written, second) {
			t.Errorf("%q became %q, then %q: %v", body, written, second, err)
		}
	})
}

// refusable makes sure that an error is one that a client may be told about.
func refusable(t *testing.T, err error) {
	t.Helper()
	if status := httpapi.StatusOf(err); status < 400 || status > 499 {
		t.Errorf("%v is answered with %d", err, status)
	}
}

// FuzzWire: any request that net/http lets through is answered as described.
// TOKEN, PERSON and IDENT stand for good ones.
func FuzzWire(f *testing.F) {
	for _, raw := range []string{
		"GET /v1/persons?page[size]=2 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
		"GET /v1/persons/PERSON HTTP/1.1\r\nHost: x\r\nauthorization: bearer TOKEN\r\nX-Request-Id: 0123456789\r\n\r\n",
		"POST /v1/persons HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: 18\r\n\r\n{\"first_name\":\"A\"}",
		"POST /v1/persons/PERSON/identifications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{\"method\":\"idnow\"}\r\n0\r\n\r\n",
		"PATCH /v1/persons/PERSON/identifications/IDENT/request HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
		"GET /v1/persons/PERSON/identifications/IDENT?include_documents=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
		"GET /v1/persons/PERSON/documents?customer_accessible=1&include_deleted=x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
		"GET /v1/persons/a%00b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
		"GET /v1/persons/%ff%fe HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
		"GET /v1/../v1/persons HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n", "GET //v1/persons HTTP/1.1\r\nHost: x\r\n\r\n",
		"DELETE /v1/webhooks/4c6f93d4c8d427927257e2ce734a5a10 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
		"HEAD /v1/identifications?sort=-created_at HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /v1/persons HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eDp5\r\nContent-Length: 1\r\n\r\n{", "BREW /v1/persons HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://evil.example/v1/persons HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		f.Add([]byte(raw))
	}
	servers := newPair(f, false)
	f.Fuzz(func(t *testing.T, raw []byte) {
		servers.each(t, func(t *testing.T, s *inProcess) {
			filled := strings.NewReplacer("TOKEN", s.token, "PERSON", s.person, "IDENT", s.identification).Replace(string(raw))
			req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(filled)))
			if err != nil {
				return
			}
			s.serve(t, req)
		})
	})
}

// FuzzPerson: a person that was taken is read back as it was answered, and
// sending what was answered makes the same one.
func FuzzPerson(f *testing.F) {
	for _, body := range []string{
		`{"first_name":"Antonia","last_name":"Müller","address":{"line_1":"Am Köllnischen Park 1","postal_code":"10179","city":"Köln","country":"DE"},"contact_address":null}`,
		`{"first_name":"a\u0000b"}`, `{"email":" x"}`, `{"birth_date":"1900-01-01T00:00:00+14:00","nationality":"XK"}`, `{"title":"PROF_DR","salutation":"MR"}`,
		`{"tax_information":{"tax_assessment":"JOINT","marital_status":"MARRIED"},"fatca_relevant":true,"fatca_crs_confirmed_at":"2019-01-01T00:00:00Z"}`,
		`{"expected_monthly_revenue_cents":9223372036854775807,"international_operativity_expectation":["DE","FR"]}`, `{"mobile_number":"+49 151/123-456_78"}`,
		`{"job_title":"\u2028\ufeff\ud83e\udeaa","industry":""}`, `{"first_name":"X-MANUALTEST-HAPPYPATH","screening_progress":"x"}`, `{"address":[{}]}`,
	} {
		f.Add([]byte(body))
	}
	servers := newPair(f, false)
	f.Fuzz(func(t *testing.T, body []byte) {
		servers.each(t, func(t *testing.T, s *inProcess) {
			made := s.send(t, "POST", "/v1/persons", string(body))
			if made.status != http.StatusCreated {
				return
			}
			person := objectOf(t, made.body)
			if read := s.send(t, "GET", "/v1/persons/"+person["id"].(string), ""); !bytes.Equal(read.body, made.body) {
				t.Errorf("%q: answered %s, read %s", body, made.body, read.body)
			}
			again := s.send(t, "POST", "/v1/persons", string(made.body))
			if again.status != http.StatusCreated {
				t.Fatalf("%q: its own answer is refused: %d %s", body, again.status, again.body)
			}
			second := objectOf(t, again.body)
			delete(person, "id")
			delete(second, "id")
			if !maps.EqualFunc(person, second, sameJSON) {
				t.Errorf("%q: %s became %s", body, made.body, again.body)
			}
			s.send(t, "PATCH", "/v1/persons/"+s.person, string(body))
		})
	})
}

func objectOf(t testing.TB, body []byte) (o object) {
	t.Helper()
	if err := json.Unmarshal(body, &o); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return o
}

func sameJSON(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

// FuzzIdentification: one that was taken is read back as it was answered; a key
// makes it once; requesting it never fails on our side.
func FuzzIdentification(f *testing.F) {
	for _, body := range []string{
		`{"method":"idnow"}`, `{"method":"idnow","language":"DE","iban":"DE89370400440532013000","device_data":"eyJh\u0000Ijoi\n"}`, `{"method":"bank","reference":"x"}`,
		`{"method":"idnow","proof_of_address_type":"UTILITY_BILL","proof_of_address_issued_at":"2026-10-01","terms_and_conditions_signed_at":"2019-01-01 00:00:00z"}`,
		`{"method":"idnow\u0000"}`, `{"method":["idnow"]}`, `{"device_data":{}}`, `{"secret":"\u0000"}`,
	} {
		f.Add("key-1", []byte(body), []byte(`{"device_data":"x"}`))
	}
	f.Add("ä", []byte(`{"method":"idnow"}`), []byte(`[`))
	f.Add("", []byte(`{"method":"idnow"}`), []byte(``))
	servers := newPair(f, false)
	f.Fuzz(func(t *testing.T, key string, body, request []byte) {
		servers.each(t, func(t *testing.T, s *inProcess) {
			path := "/v1/persons/" + s.person + "/identifications"
			made := s.send(t, "POST", path, string(body), "Idempotency-Key", key)
			if made.status != http.StatusCreated {
				return
			}
			again := s.send(t, "POST", path, string(body), "Idempotency-Key", key)
			if key != "" && (again.header.Get("Idempotency-Hit") != "true" || !bytes.Equal(made.body, again.body)) {
				t.Errorf("%q: the key made %s, then %s", key, made.body, again.body)
			}
			path += "/" + objectOf(t, made.body)["id"].(string)
			if made.header.Get("Idempotency-Hit") == "" {
				if read := s.send(t, "GET", path, ""); !bytes.Equal(read.body, made.body) {
					t.Errorf("%q: answered %s, read %s", body, made.body, read.body)
				}
			}
			s.send(t, "PATCH", path+"/request", string(request))
		})
	})
}

// FuzzToken: nobody gets a token without the secret, in whatever form; whoever
// has it gets one or is told what is wrong. SECRET stands for the right one.
func FuzzToken(f *testing.F) {
	const form = "application/x-www-form-urlencoded"
	f.Add(false, "CLIENT", "SECRET", form, "", []byte("grant_type=client_credentials&scope=partners"))
	f.Add(false, "", "", form, "", []byte("grant_type=client_credentials&client_id=CLIENT&client_secret=SECRET"))
	f.Add(true, "", "", "application/json", "", []byte(`{"grant_type":"client_credentials","client_id":"CLIENT","client_secret":"SECRET"}`))
	f.Add(true, "CLIENT", "SECRET", "", "grant_type=client_credentials", []byte{})
	f.Add(true, "", "", form, "client_id=CLIENT&grant_type=%zz;", []byte("client_secret=SECRET&grant_type=client_credentials&grant_type=x"))
	f.Add(false, "a\x00b%00", "\xff", "text/plain", "", []byte("grant_type=password"))
	f.Add(false, "", "", "multipart/form-data; boundary=x", "", []byte("--x\r\n\r\n"))
	servers := newPair(f, false)
	f.Fuzz(func(t *testing.T, legacy bool, user, password, contentType, query string, body []byte) {
		servers.each(t, func(t *testing.T, s *inProcess) {
			fill := strings.NewReplacer("CLIENT", s.clientID, "SECRET", s.secret)
			target := &url.URL{Path: "/oauth2/token", RawQuery: fill.Replace(query)}
			if legacy {
				target.Path = "/oauth/token"
			}
			req := httptest.NewRequest("POST", "/", strings.NewReader(fill.Replace(string(body))))
			req.URL = target
			req.Header.Set("Content-Type", contentType)
			if user != "" || password != "" {
				req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(fill.Replace(user)+":"+fill.Replace(password))))
			}
			a := s.serve(t, req)
			sent := user + password + query + string(body)
			if a.status == http.StatusOK && !strings.Contains(sent, "SECRET") {
				t.Errorf("a token without the secret: %q", sent)
			}
			if a.status == http.StatusOK && a.header.Get("Cache-Control") != "no-store" {
				t.Error("a token that may be cached")
			}
			if got := objectOf(t, a.body); a.status >= 400 && (got["error"] == nil || got["error_description"] == nil) {
				t.Errorf("no OAuth error: %s", a.body)
			}
		})
	})
}

// FuzzHeaders: no header but the token decides what is answered, and none comes back malformed.
func FuzzHeaders(f *testing.F) {
	f.Add("Bearer TOKEN", "application/json", "key", "request-0001", "de-DE,de;q=0.9", "bank.example:443")
	f.Add("bearer  TOKEN", "application/json; charset=latin1", "\x00", "short", "*", "[::1]")
	f.Add("Bearer ", "APPLICATION/X+JSON", strings.Repeat("k", 256), strings.Repeat("r", 65), "", "")
	servers := newPair(f, false)
	f.Fuzz(func(t *testing.T, authorization, contentType, key, requestID, language, host string) {
		servers.each(t, func(t *testing.T, s *inProcess) {
			authorization := strings.ReplaceAll(authorization, "TOKEN", s.token)
			a := s.send(t, "POST", "/v1/persons", `{"first_name":"Anna"}`, "Authorization", authorization, "Content-Type", contentType,
				"Idempotency-Key", key, "X-Request-Id", requestID, "Accept-Language", language)
			if a.status == http.StatusCreated && !strings.Contains(authorization, s.token) {
				t.Errorf("made without a token: %q", authorization)
			}
			if requestIDs.MatchString(requestID) && a.header.Get("X-Request-Id") != requestID {
				t.Errorf("the request id %q became %q", requestID, a.header.Get("X-Request-Id"))
			}
			req := httptest.NewRequest("GET", "/v1/webhooks", nil)
			req.Host = host
			req.Header.Set("Authorization", "Bearer "+s.token)
			if link := s.serve(t, req).header.Get("Link"); !strings.HasPrefix(link, "<https://api.example/v1/webhooks?page") {
				t.Errorf("the host %q made the link %q", host, link)
			}
		})
	})
}

// FuzzWebhook: a subscription that was taken has an https URL that can be
// called and an event that there is.
func FuzzWebhook(f *testing.F) {
	for _, address := range []string{
		"https://bank.example/hooks", "http://127.0.0.1/", "https://user:pw@bank.example/", "https://[::1%25eth0]/", "//bank.example", "https://", "https://a\\b/", "HTTPS://BANK.example",
		"javascript:alert(1)", "https://bank.example/%zz", "https://bank.example/\u0000", "https://０１２７.1/", "https://bank.example:99999/", "https://a b/",
	} {
		f.Add("IDENTIFICATION", address)
	}
	f.Add("PERSON_CHANGED\n", "https://bank.example")
	servers := newPair(f, false)
	f.Fuzz(func(t *testing.T, event, address string) {
		body, err := json.Marshal(object{"event_type": event, "url": address})
		if err != nil {
			t.Fatal(err)
		}
		servers.each(t, func(t *testing.T, s *inProcess) {
			a := s.send(t, "POST", "/v1/webhooks", string(body))
			if a.status != http.StatusCreated {
				return
			}
			o := objectOf(t, a.body)
			u, err := url.Parse(o["url"].(string))
			if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || !slices.Contains(kyc.EventTypes, event) {
				t.Errorf("%q was taken: %v", address, err)
			}
			if _, err := http.NewRequest("POST", address, nil); err != nil {
				t.Errorf("%q was taken and cannot be called: %v", address, err)
			}
			s.send(t, "DELETE", "/v1/webhooks/"+o["id"].(string), "")
		})
	})
}

// FuzzPush: what a firm sends is a hint; it is taken, refused or about nobody.
// IDENT stands for an identification that there is.
func FuzzPush(f *testing.F) {
	for _, body := range []string{
		`{"identificationprocess":{"transactionnumber":"IDENT","result":"SUCCESS"}}`, `{"identificationprocess":{"transactionnumber":"a\u0000b"}}`,
		`{"identificationprocess":{"transactionnumber":"\ud800"}}`, `{"identificationprocess":[]}`, `{}`, "\xff\xfe{", `{"identificationprocess":{"transactionnumber":5}}`,
	} {
		f.Add("application/json", []byte(body))
	}
	f.Add("application/xml", []byte(`<?xml version="1.0"?><identification/>`))
	servers := newPair(f, false)
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		servers.each(t, func(t *testing.T, s *inProcess) {
			a := s.send(t, "POST", s.pushPath, strings.ReplaceAll(string(body), "IDENT", s.identification), "Authorization", "", "Content-Type", contentType)
			if !slices.Contains([]int{200, 400, 404}, a.status) || (a.status == 200 && !bytes.Contains(body, []byte("transactionnumber"))) {
				t.Errorf("%q: %d %s", body, a.status, a.body)
			}
		})
	})
}

// FuzzMultipart: nothing here reads multipart; every route that takes a body
// says so.
func FuzzMultipart(f *testing.F) {
	f.Add(uint8(0), "boundary", "file", "passport.jpg", []byte("\xff\xd8\xff"))
	f.Add(uint8(3), "x", "document_type", "../../etc/passwd\x00", []byte("--x--"))
	servers := newPair(f, false)
	f.Fuzz(func(t *testing.T, route uint8, boundary, name, file string, content []byte) {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		if w.SetBoundary(boundary) != nil {
			return
		}
		part, err := w.CreateFormFile(name, file)
		if err == nil {
			_, err = part.Write(content)
		}
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		servers.each(t, func(t *testing.T, s *inProcess) {
			routes := []struct {
				method, path string
				want         int
			}{
				{"POST", "/v1/persons", 415}, {"PATCH", "/v1/persons/" + s.person, 415}, {"POST", "/v1/persons/" + s.person + "/identifications", 415},
				{"POST", "/v1/persons/" + s.person + "/documents", 405}, {"PATCH", "/v1/persons/" + s.person + "/identifications/" + s.identification + "/request", 415},
				{"POST", "/v1/webhooks", 415}, {"POST", "/oauth2/token", 415}, {"POST", "/oauth/token", 415}, {"POST", s.pushPath, 400},
			}
			r := routes[int(route)%len(routes)]
			if a := s.send(t, r.method, r.path, body.String(), "Content-Type", w.FormDataContentType()); a.status != r.want {
				t.Errorf("%s %s: %d, want %d: %s", r.method, r.path, a.status, r.want, a.body)
			}
		})
	})
}

// FuzzSandbox: the clock and the results take any body without a failure of ours.
func FuzzSandbox(f *testing.F) {
	for _, body := range []string{
		`{"advance":"24h"}`, `{"to":"2031-09-01T00:00:00Z"}`, `{"advance":"-1s"}`, `{"advance":"9999999h"}`, `{"to":"9999-12-31T23:59:59Z"}`, `{"advance":1,"to":null}`,
		`{"result":"CANCELED","reason":"TECH_PHOTO"}`, `{"result":"SUCCESS","reason":"\u0000"}`, `{"result":[]}`,
	} {
		f.Add(false, []byte(body))
		f.Add(true, []byte(body))
	}
	servers := newPair(f, true)
	f.Fuzz(func(t *testing.T, result bool, body []byte) {
		servers.each(t, func(t *testing.T, s *inProcess) {
			path := "/sandbox/clock"
			if result {
				path = "/sandbox/identifications/" + s.identification + "/result"
			}
			s.send(t, "POST", path, string(body), "Authorization", "")
		})
	})
}

// FuzzTaxIdentification: one that was taken is read back as it was answered, and
// changing it to what it is changes nothing.
func FuzzTaxIdentification(f *testing.F) {
	for _, body := range []string{
		`{"country":"DE","number":"86 095 742 719","primary":true}`, `{"country":"ES","number":"X-2482300W"}`, `{"country":"US","reason_no_tin":"OTHER","reason_description":"Über"}`,
		`{"country":"DE","number":"86095742719","reason_no_tin":"HAVE_TAX_ID"}`, `{"country":"AT","reason_no_tin":"NOT_ASSIGNED_YET","primary":null}`, `{"country":"FI","number":"131052-308T"}`,
		`{"country":"DE","number":"\u0000"}`, `{"country":"CN","number":"ＡＢ12"}`, `{"country":["DE"],"number":{},"primary":"x"}`, `{"country":"GB","number":"/./-"}`,
	} {
		f.Add([]byte(body), []byte(`{"number":"47036892816","primary":true}`))
	}
	servers := newPair(f, false)
	f.Fuzz(func(t *testing.T, body, patch []byte) {
		servers.each(t, func(t *testing.T, s *inProcess) {
			person := objectOf(t, s.send(t, "POST", "/v1/persons", `{}`).body)["id"].(string)
			path := "/v1/persons/" + person + "/tax_identifications"
			made := s.send(t, "POST", path, string(body))
			if made.status != http.StatusCreated {
				return
			}
			path += "/" + objectOf(t, made.body)["id"].(string)
			if read := s.send(t, "GET", path, ""); !bytes.Equal(read.body, made.body) {
				t.Errorf("%q: answered %s, read %s", body, made.body, read.body)
			}
			if again := s.send(t, "PATCH", path, string(made.body)); again.status != http.StatusOK || !bytes.Equal(again.body, made.body) {
				t.Errorf("%q: its own answer is %d %s", body, again.status, again.body)
			}
			if changed := s.send(t, "PATCH", path, string(patch)); changed.status == http.StatusAccepted { // nobody has consented
				t.Errorf("%q: %s", patch, changed.body)
			}
		})
	})
}
