package idnow

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Go is the customer's pages.
func (s *Server) Go() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+simkit.StylePath, simkit.ServeStyle)
	mux.HandleFunc("GET /static/{file}", servePicture)
	mux.HandleFunc("/{$}", s.home)
	mux.HandleFunc("GET /{reference}", s.shortLink)
	mux.HandleFunc("/{company}/identifications/{tx}", s.sessionPage)
	mux.HandleFunc("/{company}/identifications/{tx}/identification/start", s.sessionPage)
	mux.HandleFunc("GET /{company}/identifications/{tx}/pictures/{step}", s.sentPicture)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.problem(w, r, http.StatusNotFound, "unknown") })
	return mux
}

// servePicture answers with an illustration.
func servePicture(w http.ResponseWriter, r *http.Request) {
	data, err := pageFiles.ReadFile("static/" + r.PathValue("file"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("Cache-Control", "max-age=300")
	w.Write(data)
}

// page is what a template sees. Methods keep the templates free of decisions.
type page struct {
	Name     string // of the template and of its texts
	Lang     string
	Self     string // where forms go
	Form     url.Values
	Problems problems
	Greeting string       // on whose behalf
	Back     template.URL // the way back to the company, "" if none is offered

	ses *session // nil on pages that belong to no session
}

// sessionPage shows the page that a session's state asks for. Forms come here too: they change the state, and the
// browser is sent back to see it.
func (s *Server) sessionPage(w http.ResponseWriter, r *http.Request) {
	ses := s.session(r.PathValue("tx"))
	if !s.owns(s.accountIn(r), ses) || ses.Tx != r.PathValue("tx") {
		s.problem(w, r, http.StatusNotFound, "unknown")
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if err := s.track(ses, r.URL.Query().Get("tid")); err != nil {
			s.broken(w, r, err)
			return
		}
		s.show(w, r, ses, nil, nil)
	case http.MethodPost:
		s.take(w, r, ses)
	default:
		s.problem(w, r, http.StatusMethodNotAllowed, "unreadable")
	}
}

// track keeps the tracking id that a link may carry.
func (s *Server) track(ses *session, id string) error {
	if id == "" || id == ses.Tracking || len(id) > 200 || !validText(id) {
		return nil
	}
	return s.change(ses.Tx, func(ses *session) error {
		ses.Tracking = id
		return nil
	})
}

// take takes a form. A form of a step that is over changes nothing.
func (s *Server) take(w http.ResponseWriter, r *http.Request, ses *session) {
	if !s.readForm(w, r) {
		return
	}
	sent, err := s.readPicture(r, ses)
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, "unreadable")
		return
	}
	var wrong problems
	now := s.now()
	err = s.change(ses.Tx, func(ses *session) error {
		name := s.pageOf(ses)
		if r.PostForm.Get("step") != ses.token() {
			return errUnchanged
		}
		if name == "ended" { // the customer tries again
			ses.Step = stepLanding
			return nil
		}
		if name != string(ses.Step) {
			return errUnchanged
		}
		if wrong = (submit{s, ses, r.PostForm, sent, now}).apply(); len(wrong) > 0 {
			return errUnchanged
		}
		return nil
	})
	switch {
	case errors.Is(err, ErrNoSession):
		s.problem(w, r, http.StatusNotFound, "unknown")
	case err != nil:
		s.broken(w, r, err)
	case len(wrong) > 0:
		s.show(w, r, ses, r.PostForm, wrong)
	default:
		http.Redirect(w, r, self(r), http.StatusSeeOther)
	}
}

// crossOrigin refuses forms that another site sends. There are no cookies, so there is no more to protect.
var crossOrigin http.CrossOriginProtection

// readForm reads a posted form, or answers why it cannot.
func (s *Server) readForm(w http.ResponseWriter, r *http.Request) bool {
	if err := crossOrigin.Check(r); err != nil {
		s.problem(w, r, http.StatusForbidden, "foreign")
		return false
	}
	err := parseForm(w, r)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		s.problem(w, r, http.StatusRequestEntityTooLarge, "toolarge")
		return false
	case err != nil:
		s.problem(w, r, http.StatusBadRequest, "unreadable")
		return false
	}
	return true
}

// pageOf is the page that a session's state asks for.
func (s *Server) pageOf(ses *session) string {
	expired := !s.now().Before(ses.CreatedAt.Add(linkLifetime))
	switch {
	case ses.finished():
		return "finished"
	case ses.robot().Auto:
		return "automatic"
	case ses.underReview():
		return "review"
	case expired && (ses.Step == stepEnded || ses.Step == stepLanding):
		return "expired"
	case ses.unready() && ses.Step == stepLanding:
		return "unready"
	default:
		return string(ses.Step)
	}
}

// show renders the page of a session's state, with a form that had problems if there was one.
func (s *Server) show(w http.ResponseWriter, r *http.Request, ses *session, form url.Values, wrong problems) {
	if fresh := s.session(ses.Tx); fresh != nil {
		ses = fresh
	}
	p := page{
		Name: s.pageOf(ses), Lang: chooseLanguage(r, ses.Data["preferredLang"]), Self: self(r), Form: form, Problems: wrong, ses: ses,
	}
	if form == nil {
		p.Form = prefilled(ses, p.Lang)
		if ses.Step == stepData {
			p.Form.Set("validuntil", s.identDocument(ses).ValidUntil.Value)
		}
	}
	brand := s.cfg.Brand(ses.Tx)
	p.Greeting = cmp.Or(brand.Name, s.accountOf(ses).CompanyName)
	status := http.StatusOK
	switch {
	case len(wrong) > 0:
		status = http.StatusUnprocessableEntity
	case p.Name == "expired":
		status = http.StatusGone
	}
	switch p.Name {
	case "ended", "expired":
		p.Back = wayBack(brand.FailureURL, ses.Tx)
	case "review", "finished":
		p.Back = wayBack(brand.SuccessURL, ses.Tx)
	}
	s.write(w, r, status, p)
}

// prefilled is a form as the customer finds it.
func prefilled(ses *session, lang string) url.Values {
	return url.Values{
		"mobile": {dialled(ses.known("mobilephone"))}, "document": {idCard}, "issuer": {"DE"}, "language": {lang},
	}
}

// wayBack is the company's address for the end of the call. It may be that of an app; a script it may not be.
func wayBack(address, tx string) template.URL {
	address = strings.Replace(address, "{identification}", url.PathEscape(tx), 1)
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme == "" || slices.Contains([]string{"javascript", "data", "vbscript", "file", "blob"}, parsed.Scheme) {
		return ""
	}
	return template.URL(address)
}

// self is the address of the page, with the language that was chosen.
func self(r *http.Request) string {
	return languageLink(r, r.URL.Query().Get("lang"))
}

func languageLink(r *http.Request, lang string) string {
	path := (&url.URL{Path: r.URL.Path}).EscapedPath()
	if strings.HasPrefix(path, "//") { // would lead to another host
		path = "/"
	}
	if lang != "de" && lang != "en" {
		return path
	}
	return path + "?lang=" + lang
}

// home takes a reference, as the provider's app does.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	p := page{Name: "home", Lang: chooseLanguage(r, ""), Self: self(r)}
	if r.Method != http.MethodPost {
		s.write(w, r, http.StatusOK, p)
		return
	}
	if !s.readForm(w, r) {
		return
	}
	reference := strings.ToUpper(strings.TrimSpace(r.PostForm.Get("reference")))
	if ses := s.byReference(reference); ses != nil {
		http.Redirect(w, r, s.longLink(ses, r), http.StatusSeeOther)
		return
	}
	p.Form, p.Problems = r.PostForm, problems{"reference": "error.reference"}
	s.write(w, r, http.StatusUnprocessableEntity, p)
}

// shortLink leads to the one page of a session.
func (s *Server) shortLink(w http.ResponseWriter, r *http.Request) {
	ses := s.byReference(r.PathValue("reference"))
	if ses == nil {
		s.problem(w, r, http.StatusNotFound, "unknown")
		return
	}
	http.Redirect(w, r, s.longLink(ses, r), http.StatusSeeOther)
}

// byReference finds a session by its ident id alone.
func (s *Server) byReference(id string) *session {
	if ses := s.session(id); ses != nil && ses.ID == id {
		return ses
	}
	return nil
}

// link is the path of a session's one page.
func (s *Server) link(ses *session) string {
	return "/" + s.accountOf(ses).CompanyID + "/identifications/" + ses.Tx
}

func (s *Server) longLink(ses *session, r *http.Request) string {
	link := s.link(ses)
	if r.URL.RawQuery != "" {
		link += "?" + r.URL.Query().Encode()
	}
	return link
}

// problem shows a page that says what is wrong and no more.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, status int, name string) {
	s.write(w, r, status, page{Name: name, Lang: chooseLanguage(r, "")})
}

// broken tells the customer that the simulator failed, and the log why.
func (s *Server) broken(w http.ResponseWriter, r *http.Request, err error) {
	s.cfg.Logger.ErrorContext(r.Context(), "simulator failed", "error", err)
	s.problem(w, r, http.StatusInternalServerError, "broken")
}

// write renders a page in its frame.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, p page) {
	frame, err := s.frame(r, p)
	if err == nil {
		err = frame.Write(w, status)
	}
	if err != nil {
		s.cfg.Logger.ErrorContext(r.Context(), "simulator could not write a page", "page", p.Name, "error", err)
		http.Error(w, translate(p.Lang, "broken.title"), http.StatusInternalServerError)
	}
}

func (s *Server) frame(r *http.Request, p page) (simkit.Frame, error) {
	var content bytes.Buffer
	name := p.Template()
	if err := pageTemplates[p.Lang]().ExecuteTemplate(&content, name+".html", p); err != nil {
		return simkit.Frame{}, fmt.Errorf("render page: %w", err)
	}
	service := "frame.service"
	if p.auto() {
		service = "frame.auto"
	}
	f := simkit.Frame{
		Lang: p.Lang, Title: translate(p.Lang, p.Name+".title"), Service: translate(p.Lang, service),
		Banner: translate(p.Lang, "frame.banner"), Skip: translate(p.Lang, "frame.skip"), Switch: translate(p.Lang, "frame.language"),
		Main: template.HTML(content.String()), Embeddable: strings.HasSuffix(r.URL.Path, "/identification/start"),
	}
	for _, l := range languages {
		f.Languages = append(f.Languages, simkit.Language{Code: l.code, Name: l.name, Href: languageLink(r, l.code), Current: l.code == p.Lang})
	}
	return f, nil
}
