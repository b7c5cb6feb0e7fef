// Package inbox is the phone of everybody in a sandbox: the texts that would be
// sent to phones, on a page. It shows what it is given and knows no store; the
// same messages are at GET /sandbox/messages.
package inbox

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/text/language"

	"github.com/identikit/identikit/internal/sim/simkit"
)

//go:embed inbox.html icon.svg locale/*.json
var files embed.FS

// Phone is a gateway for texts that takes every message and delivers none: the
// page reads them where they are kept. It implements flow.Texter.
type Phone struct{}

// Text implements flow.Texter.
func (Phone) Text(context.Context, string, string, string) error { return nil }

// Message is one text.
type Message struct {
	Number, Text, PersonID string
	At                     time.Time
}

// Read returns a page of messages, newest first, and whether older ones follow.
type Read func(ctx context.Context, page int) (messages []Message, older bool, err error)

// root is where the page and what belongs to it is served.
const root = "/sandbox"

// Handler serves the page and what belongs to it below /sandbox.
func Handler(read Read, failed func(error)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root+simkit.StylePath, simkit.ServeStyle)
	mux.HandleFunc("GET "+root+simkit.IconPath, serveIcon)
	mux.HandleFunc("GET "+root+"/inbox", func(w http.ResponseWriter, r *http.Request) {
		if err := show(w, r, read); err != nil {
			failed(err)
			http.Error(w, "There was an error.", http.StatusInternalServerError)
		}
	})
	return mux
}

func serveIcon(w http.ResponseWriter, _ *http.Request) {
	icon, _ := files.ReadFile("icon.svg") // embedded
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = w.Write(icon) // a browser that has gone away is no concern of the page's
}

// page is what the template shows.
type page struct {
	lang         string
	Messages     []Message
	Newer, Older string // links; empty: there are none
}

// T is the text of the key in the page's language.
func (p page) T(key string) string { return texts[p.lang][key] }

// Time writes a time as a person reads it.
func (page) Time(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// Machine writes a time as a program reads it.
func (page) Machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func show(w http.ResponseWriter, r *http.Request, read Read) error {
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || number < 1 || number > 1_000_000 {
		number = 1
	}
	p := page{lang: languageOf(r)}
	link := func(lang string, number int) string {
		return root + "/inbox?" + url.Values{"lang": {lang}, "page": {strconv.Itoa(number)}}.Encode()
	}
	messages, older, err := read(r.Context(), number)
	if err != nil {
		return err
	}
	p.Messages = messages
	if number > 1 {
		p.Newer = link(p.lang, number-1)
	}
	if older {
		p.Older = link(p.lang, number+1)
	}
	var content bytes.Buffer
	if err := pageTemplate.Execute(&content, p); err != nil {
		return fmt.Errorf("inbox: %w", err)
	}
	f := simkit.Frame{
		Lang: p.lang, Root: root, Title: p.T("title"), Service: p.T("service"), Banner: p.T("banner"), Skip: p.T("skip"),
		Switch: p.T("language"), Main: template.HTML(content.String()), // made by html/template
	}
	for _, lang := range []simkit.Language{{Code: "de", Name: "Deutsch"}, {Code: "en", Name: "English"}} {
		lang.Href, lang.Current = link(lang.Code, number), lang.Code == p.lang
		f.Languages = append(f.Languages, lang)
	}
	return f.Write(w, http.StatusOK)
}

var matcher = language.NewMatcher([]language.Tag{language.English, language.German})

// languageOf is the one that was chosen, or the browser's.
func languageOf(r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); texts[lang] != nil {
		return lang
	}
	_, n := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	return []string{"en", "de"}[n]
}

var (
	pageTemplate = template.Must(template.ParseFS(files, "inbox.html"))
	texts        = map[string]map[string]string{"de": locale("de"), "en": locale("en")}
)

func locale(lang string) (texts map[string]string) {
	b, err := files.ReadFile("locale/" + lang + ".json")
	if err == nil {
		err = json.Unmarshal(b, &texts)
	}
	if err != nil {
		panic(err) // embedded, and read by the tests
	}
	return texts
}
