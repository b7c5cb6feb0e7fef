package testkit

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Page is a page of a customer's, walked as a browser without scripts does: it
// sends the form as it finds it, with some fields filled in.
type Page struct {
	Body string // what is shown now

	t   testing.TB
	url string
}

var (
	input     = regexp.MustCompile(`<input[^>]*>`)
	attribute = regexp.MustCompile(`\b(name|value|type)="([^"]*)"`)
)

// OpenPage opens the page at the URL, in English.
func OpenPage(t testing.TB, url string) *Page {
	t.Helper()
	p := &Page{t: t, url: url}
	p.Open()
	return p
}

// Open opens the page again.
func (p *Page) Open() {
	p.t.Helper()
	resp, err := http.Get(p.url + "?lang=en")
	p.shown(resp, err)
}

func (p *Page) shown(resp *http.Response, err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Body = string(b)
}

// found is what stands in the form: hidden, text, chosen.
func (p *Page) found() url.Values {
	form := url.Values{}
	for _, tag := range input.FindAllString(p.Body, -1) {
		a := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
			a[m[1]] = m[2]
		}
		boxed := a["type"] == "checkbox" || a["type"] == "radio"
		if a["name"] != "" && a["type"] != "file" && (!boxed || strings.Contains(tag, " checked")) {
			form.Set(a["name"], a["value"])
		}
	}
	return form
}

// Upload posts what stands in the form, the pairs given, and a file.
func (p *Page) Upload(field, name string, data []byte, pairs ...string) {
	p.t.Helper()
	form := p.found()
	for n := 0; n < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for key := range form {
		if err := w.WriteField(key, form.Get(key)); err != nil {
			p.t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile(field, name)
	if err == nil {
		_, err = part.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.Post(p.url+"?lang=en", w.FormDataContentType(), &body)
	p.shown(resp, err)
}

// Send posts what stands in the form (hidden, text, chosen) and the pairs given.
func (p *Page) Send(pairs ...string) {
	p.t.Helper()
	form := p.found()
	for n := 0; n < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	resp, err := http.PostForm(p.url+"?lang=en", form)
	p.shown(resp, err)
}
