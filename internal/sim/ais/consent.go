package ais

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/identikit/identikit/internal/sim/simkit"
)

//go:embed locale templates static
var pageFiles embed.FS

// languages is what the pages speak.
var languages = []struct{ code, name string }{{"de", "Deutsch"}, {"en", "English"}}

// texts is every text of the pages by language and key.
var texts = map[string]map[string]string{"de": mustTexts("de"), "en": mustTexts("en")}

// mustTexts reads a file that is part of the program, so a mistake in it is found by the first test.
func mustTexts(lang string) map[string]string {
	data, err := pageFiles.ReadFile("locale/" + lang + ".json")
	if err != nil {
		panic(fmt.Sprintf("ais simulator: %v", err))
	}
	var all map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		panic(fmt.Sprintf("ais simulator: locale/%s.json: %v", lang, err))
	}
	return all
}

var pageTemplates = template.Must(template.ParseFS(pageFiles, "templates/*.html"))

// consentAddress is where the customer consents to a request.
func (s *Server) consentAddress(r *request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.consentURL + consentPath(r.Token) + "?lang=" + r.Language
}

func consentPath(token string) string { return "/sas/web/" + token + "/pass" }

// Consent is the customer's page. It may be shown in a frame, as partners do with it (S3), so it uses no cookie: what a
// form is worth is decided by the token in its address alone.
func (s *Server) Consent() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+simkit.StylePath, simkit.ServeStyle)
	mux.HandleFunc("GET "+simkit.IconPath, serveIcon)
	mux.HandleFunc("GET /sas/web/{token}/pass", func(w http.ResponseWriter, r *http.Request) { s.consentPage(w, r, http.StatusOK, "") })
	mux.HandleFunc("POST /sas/web/{token}/pass", s.consentForm)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.consentPage(w, r, http.StatusNotFound, "") })
	return mux
}

func serveIcon(w http.ResponseWriter, r *http.Request) {
	data, err := pageFiles.ReadFile("static/icon.svg")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("Cache-Control", "max-age=300")
	w.Write(data)
}

// page is what a template sees.
type page struct {
	Name    string // of its texts
	Lang    string
	Self    string // where forms go
	Request *request
	Problem string // text key of what is wrong with the password; "" if nothing is
}

// T is a text of the page, with its %s and %d filled in. A missing text shows its key; a test finds it first.
func (p page) T(key string, values ...any) string {
	text, ok := texts[p.Lang][key]
	switch {
	case !ok:
		return key
	case len(values) == 0:
		return text
	}
	return fmt.Sprintf(text, values...)
}

// Left is how many more passwords may be tried.
func (p page) Left() int { return passwordTries - p.Request.Wrong }

// consentForm takes the customer's yes or no, and shows what it led to.
func (s *Server) consentForm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, simkit.MaxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	req := s.find(s.byToken, r.PathValue("token"))
	problem, err := "", error(nil)
	if req != nil && req.Outcome == "" {
		if r.PostForm.Get("action") == "cancel" {
			err = s.giveUp(req.ID, "cancel")
		} else {
			problem, err = s.enterOnPage(req.ID, strings.TrimSpace(r.PostForm.Get("password")))
		}
	}
	if err != nil {
		s.cfg.Logger.ErrorContext(r.Context(), "simulator failed", "error", err)
		http.Error(w, "the simulator failed", http.StatusInternalServerError)
		return
	}
	if problem != "" {
		s.consentPage(w, r, http.StatusUnprocessableEntity, problem)
		return
	}
	http.Redirect(w, r, r.URL.RequestURI(), http.StatusSeeOther)
}

// enterOnPage takes a password and says what is wrong with it.
func (s *Server) enterOnPage(id, password string) (problem string, err error) {
	if len(password) != 6 || strings.Trim(password, "0123456789") != "" {
		return "pass.form", nil // no try of anybody's: nothing was guessed
	}
	said, err := s.enter(id, password)
	if said == wrong {
		problem = "pass.wrong"
	}
	return problem, err
}

// consentPage shows the page that the request's state asks for.
func (s *Server) consentPage(w http.ResponseWriter, r *http.Request, status int, problem string) {
	req := s.find(s.byToken, r.PathValue("token"))
	p := page{Name: pageOf(req), Lang: language(r, req), Request: req, Problem: problem}
	switch {
	case req == nil:
		status = http.StatusNotFound
	case p.Name == "pass":
		p.Self = r.URL.Path + "?lang=" + p.Lang
	case status == http.StatusUnprocessableEntity:
		status = http.StatusOK // the wrong password was the last one
	}
	file := "notice.html"
	if p.Name == "pass" {
		file = "pass.html"
	}
	var main bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&main, file, p); err != nil {
		s.cfg.Logger.ErrorContext(r.Context(), "simulator could not show a page", "page", p.Name, "error", err)
		http.Error(w, "the simulator failed", http.StatusInternalServerError)
		return
	}
	frame := simkit.Frame{
		Lang: p.Lang, Title: p.T(p.Name + ".title"), Service: p.T("frame.service"), Banner: p.T("frame.banner"), Skip: p.T("frame.skip"),
		Switch: p.T("frame.language"), Main: template.HTML(main.String()), Ancestors: s.cfg.FrameAncestors,
	}
	for _, l := range languages {
		frame.Languages = append(frame.Languages, simkit.Language{Code: l.code, Name: l.name, Href: r.URL.Path + "?lang=" + l.code, Current: l.code == p.Lang})
	}
	if err := frame.Write(w, status); err != nil {
		s.cfg.Logger.ErrorContext(r.Context(), "simulator could not show a page", "page", p.Name, "error", err)
	}
}

// pageOf is the page that a request's state asks for.
func pageOf(r *request) string {
	switch {
	case r == nil:
		return "unknown"
	case r.Outcome == "":
		return "pass"
	case r.Outcome == success:
		return "done"
	case r.Outcome == "cancel":
		return "cancelled"
	case r.Outcome == "timeout":
		return "expired"
	case r.Outcome == "InvalidOtp":
		return "blocked"
	}
	return "failed"
}

// language is what the address asks for, else what the request said, else what the browser prefers, else English.
func language(r *http.Request, req *request) string {
	wishes := []string{r.URL.Query().Get("lang")}
	if req != nil {
		wishes = append(wishes, req.Language)
	}
	wishes = append(wishes, strings.Split(r.Header.Get("Accept-Language"), ",")...)
	for _, wish := range wishes {
		for _, l := range languages {
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(wish)), l.code) {
				return l.code
			}
		}
	}
	return "en"
}
