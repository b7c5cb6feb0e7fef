package simkit

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed frame.html
var frameHTML string

//go:embed style.css
var styleCSS []byte

var frameTemplate = template.Must(template.New("frame").Parse(frameHTML))

// StylePath is where every page looks for its stylesheet; serve it with [ServeStyle].
const StylePath = "/static/style.css"

// IconPath is where every page looks for its icon, an SVG file of the simulator's own.
const IconPath = "/static/icon.svg"

// Frame is what stands around the content of a customer's page: the banner that says simulation, the head and the
// choice of language. All texts are in the page's language.
type Frame struct {
	Lang      string // of the page, "de"
	Root      string // what stands before the paths of style and icon; empty: nothing
	Title     string // of the window, and the first thing a screen reader says
	Service   string // what the service calls itself, in the head of the page
	Banner    string // says that nothing here is real
	Skip      string // text of the link past the head
	Switch    string // names the choice of language to screen readers
	Languages []Language
	Main      template.HTML // the content

	Embeddable bool   // other sites may show the page in a frame
	Ancestors  string // those that may, as CSP says it; empty: any if Embeddable, none otherwise
}

// Language is one choice of the language switch: its code is shown, its name read out.
type Language struct {
	Code, Name, Href string
	Current          bool
}

// Write answers with the page. Nothing is written before the page is complete.
func (f Frame) Write(w http.ResponseWriter, status int) error {
	var page bytes.Buffer
	if err := frameTemplate.Execute(&page, f); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	ancestors := "'none'"
	switch {
	case f.Ancestors != "":
		ancestors = f.Ancestors
	case f.Embeddable:
		ancestors = "*"
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "+ancestors)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // "no-referrer" would make browsers send Origin: null with forms
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", f.Lang)
	w.WriteHeader(status)
	w.Write(page.Bytes()) // a browser that has gone away is no concern of the page's
	return nil
}

// ServeStyle answers with the stylesheet of all pages.
func ServeStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	w.Write(styleCSS)
}
