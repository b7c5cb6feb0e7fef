package xs2a

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Wizard is the customer's pages.
func (s *Server) Wizard() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+simkit.StylePath, simkit.ServeStyle)
	mux.HandleFunc("GET "+simkit.IconPath, serveIcon)
	mux.HandleFunc("GET /index.html", s.page)
	mux.HandleFunc("POST /index.html", s.takeForm)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.notice(w, r, http.StatusNotFound, "unknown") })
	return mux
}

func serveIcon(w http.ResponseWriter, _ *http.Request) {
	data, err := pageFiles.ReadFile("static/icon.svg")
	if err != nil { // it is part of the program
		http.Error(w, "no icon", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("Cache-Control", "max-age=300")
	w.Write(data)
}

// keyOf is the wizard_session_key in the address.
func keyOf(r *http.Request) string { return r.URL.Query().Get("wizard_session_key") }

// page shows the page that a session's state asks for.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	ses := s.sessionOfKey(keyOf(r))
	if ses == nil {
		s.notice(w, r, http.StatusNotFound, "unknown")
		return
	}
	s.show(w, r, ses, nil, nil)
}

// crossOrigin refuses forms that another site sends. There are no cookies, so there is no more to protect.
var crossOrigin http.CrossOriginProtection

// takeForm takes a form, and sends the browser back to see what became of it. A form of a step that is over changes
// nothing.
func (s *Server) takeForm(w http.ResponseWriter, r *http.Request) {
	if err := crossOrigin.Check(r); err != nil {
		s.notice(w, r, http.StatusForbidden, "foreign")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, simkit.MaxBody)
	if err := r.ParseForm(); err != nil {
		s.notice(w, r, http.StatusBadRequest, "unreadable")
		return
	}
	ses := s.sessionOfKey(keyOf(r))
	if ses == nil {
		s.notice(w, r, http.StatusNotFound, "unknown")
		return
	}
	in := values{}
	for _, field := range fieldOrder {
		if r.PostForm.Has(field) {
			in[field] = r.PostForm.Get(field)
		}
	}
	action := r.PostForm.Get("action")
	if !slices.Contains([]string{actionBack, actionAbort, actionReleased}, action) {
		action = ""
	}
	wrong, err := s.take(ses.Tx, action, in, func(ses *session) bool { return r.PostForm.Get("step") == ses.token() })
	switch {
	case errors.Is(err, ErrNoSession):
		s.notice(w, r, http.StatusNotFound, "unknown")
	case err != nil:
		s.cfg.Logger.ErrorContext(r.Context(), "simulator failed", "error", err)
		s.notice(w, r, http.StatusInternalServerError, "broken")
	case len(wrong) > 0:
		s.show(w, r, s.session(ses.Tx), in, wrong)
	default:
		http.Redirect(w, r, address(r, r.URL.Query().Get("lang")), http.StatusSeeOther)
	}
}

// address is that of the present page in a language; another language than ours leaves it to the session.
func address(r *http.Request, lang string) string {
	query := url.Values{}
	for _, name := range []string{"wizard_session_key", "interface_id"} {
		if v := r.URL.Query().Get(name); v != "" {
			query.Set(name, v)
		}
	}
	if lang == "de" || lang == "en" {
		query.Set("lang", lang)
	}
	return "/index.html?" + query.Encode()
}

// show renders the page of a session's state, with a form that had problems if there was one.
func (s *Server) show(w http.ResponseWriter, r *http.Request, ses *session, in values, wrong problems) {
	if ses == nil { // deleted meanwhile
		s.notice(w, r, http.StatusNotFound, "unknown")
		return
	}
	p := page{Name: ses.pageName(), Lang: chooseLanguage(r, ses.Language), Self: address(r, r.URL.Query().Get("lang")), Form: in, Problems: wrong,
		Greeting: s.cfg.Brand(ses.Identification), TAN: s.tan(ses), ses: ses}
	switch {
	case ses.Finished:
		p.Back = template.URL(ses.Order.Onboarding.SuccessLink) // checked when it came
	case ses.over():
		p.Back = template.URL(ses.Order.Onboarding.AbortLink)
	}
	status := http.StatusOK
	if len(wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	s.write(w, r, status, p)
}

// notice shows a page that says what is wrong and no more.
func (s *Server) notice(w http.ResponseWriter, r *http.Request, status int, name string) {
	s.write(w, r, status, page{Name: name, Lang: chooseLanguage(r, "")})
}

// write renders a page in its frame.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, p page) {
	frame, err := p.frame(r)
	if err == nil {
		err = frame.Write(w, status)
	}
	if err != nil {
		s.cfg.Logger.ErrorContext(r.Context(), "simulator could not write a page", "page", p.Name, "error", err)
		http.Error(w, translate(p.Lang, "broken.title"), http.StatusInternalServerError)
	}
}

func (p page) frame(r *http.Request) (simkit.Frame, error) {
	var content bytes.Buffer
	if err := pageTemplates[p.Lang].ExecuteTemplate(&content, p.template()+".html", p); err != nil {
		return simkit.Frame{}, fmt.Errorf("render page: %w", err)
	}
	f := simkit.Frame{
		Lang: p.Lang, Title: translate(p.Lang, p.Name+".title"), Service: translate(p.Lang, "frame.service"),
		Banner: translate(p.Lang, "frame.banner"), Skip: translate(p.Lang, "frame.skip"), Switch: translate(p.Lang, "frame.language"),
		Main: template.HTML(content.String()),
	}
	for _, l := range languages {
		f.Languages = append(f.Languages, simkit.Language{Code: l.code, Name: l.name, Href: address(r, l.code), Current: l.code == p.Lang})
	}
	return f, nil
}

// page is what a template sees. Methods keep the templates free of decisions.
type page struct {
	Name     string // of its texts
	Lang     string
	Self     string // where forms go
	Form     values
	Problems problems
	Greeting string // on whose behalf; "" says nobody
	TAN      string
	Back     template.URL // the way back to the company, "" if none is offered

	ses *session // nil on pages that belong to no session
}

// pageNames is the page of each step.
var pageNames = map[step]string{stepStart: "start", stepLogin: "login", stepAccounts: "accounts", stepTan: "tan", stepSca: "sca"}

// noticeNames is the pages that belong to no session.
var noticeNames = []string{"unknown", "foreign", "unreadable", "broken"}

func (ses *session) pageName() string {
	switch {
	case ses.Finished:
		return "finished"
	case ses.over():
		return "ended"
	}
	return pageNames[ses.Step]
}

func (p page) template() string {
	if slices.Contains(noticeNames, p.Name) {
		return "notice"
	}
	return p.Name
}

// token names the state that a form belongs to; another than the present is a stale form's.
func (ses *session) token() string { return fmt.Sprintf("%s.%d", ses.Step, ses.Inputs) }

// Step is what the form carries to be known as the present one.
func (p page) Step() string { return p.ses.token() }

// Problem is the text key of what is wrong with a field, "" if nothing is.
func (p page) Problem(field string) string { return p.Problems[field] }

// Wrong lists the fields with problems in the order of the form.
func (p page) Wrong() []string {
	return slices.DeleteFunc(slices.Clone(fieldOrder), func(f string) bool { return p.Problems[f] == "" })
}

// Value is what a field of a form that had problems held.
func (p page) Value(field string) string { return p.Form[field] }

// Bank is what the field of the bank holds.
func (p page) Bank() string {
	if v, ok := p.Form[fieldBank]; ok {
		return v
	}
	return p.ses.presetBank()
}

// presetBank is the bank of the pinned IBAN, else the test bank.
func (ses *session) presetBank() string {
	if code := bankOf(ses.Order.SenderIBAN); code != "" {
		return code
	}
	return testBankCode
}

// Countries lists where banks may be.
func (p page) Countries() []string { return countryIDs }

// Country is the chosen country.
func (p page) Country() string {
	if c := p.Form[fieldCountry]; knownCountry(c) {
		return c
	}
	return p.ses.country()
}

func (ses *session) country() string {
	for _, c := range []string{ses.Order.SenderCountryID, country(ses.Order.SenderIBAN)} {
		if knownCountry(c) {
			return c
		}
	}
	return countryIDs[0]
}

// choice is an account to choose.
type choice struct {
	Number                     int
	Holder, IBAN, Bank         string
	Joint, Selectable, Checked bool
}

// Accounts lists the accounts of the login.
func (p page) Accounts() []choice {
	var all []choice
	for n, a := range p.ses.Accounts {
		all = append(all, choice{n, a.Holder, grouped(a.IBAN), a.Bank, a.Joint, p.ses.selectable(a), n == p.ses.Chosen})
	}
	return all
}

// Order is what the customer is asked to release.
func (p page) Order() order { return p.ses.Order }

// Amount is how much the transfer is, as the language writes it.
func (p page) Amount() string {
	amount := string(p.ses.Order.Amount)
	if p.Lang == "de" {
		amount = strings.Replace(amount, ".", ",", 1)
	}
	return amount
}

// Pays says that a transfer is released.
func (p page) Pays() bool { return p.ses.pays() }

// From is the account that was chosen.
func (p page) From() string { return grouped(p.ses.account().IBAN) }

// To is the account of the recipient.
func (p page) To() string { return grouped(p.ses.Order.RecipientIBAN) }

// CanGoBack says whether there is a step before.
func (p page) CanGoBack() bool {
	return p.ses.Step != stepStart && (p.ses.Step != stepLogin || p.ses.Order.SenderBIC == "")
}

// places is the steps that the progress bar counts.
var places = []string{"start", "login", "accounts", "tan"}

// Place is the number of the page among the steps.
func (p page) Place() int {
	if p.Name == "sca" {
		return len(places)
	}
	return slices.Index(places, p.Name) + 1
}

// Places is how many steps there are.
func (p page) Places() int {
	if p.ses.pays() {
		return len(places)
	}
	return len(places) - 1
}

// Ending is the text of why a session ended without success.
func (p page) Ending() string { return "ended." + endedText(p.ses.LastError) }

// LastError is the firm's word for it.
func (p page) LastError() string { return p.ses.LastError }

// endedText chooses among the few texts for an ending.
func endedText(word string) string {
	switch word {
	case "session_expired":
		return "expired"
	case "client_aborted":
		return "aborted"
	case "max_login_tries", "max_tan_tries":
		return "tries"
	}
	return "text"
}

// hint is a PIN for testers.
type hint struct{ PIN, Outcome string }

// Pins lists the PINs that pick a scenario.
func (p page) Pins() []hint {
	var all []hint
	for pin, sc := range pins {
		outcome := sc.Ends
		switch {
		case sc.Wrong:
			outcome = "login_failed"
		case sc.Joint:
			outcome = "joint_account"
		case sc.App:
			outcome = "Sca"
		case sc.Snapshot != "":
			outcome = "snapshot_" + sc.Snapshot
		}
		all = append(all, hint{pin, outcome})
	}
	slices.SortFunc(all, func(a, b hint) int { return strings.Compare(a.PIN, b.PIN) })
	return all
}

// grouped writes an IBAN for people.
func grouped(iban string) string {
	var b strings.Builder
	for i, c := range iban {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}
