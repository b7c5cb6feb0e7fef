package idnow

import (
	"encoding/json"
	"strings"
	"time"
)

// result is the protocol's result object: the answer of GET, an entry of a list and the body of a push.
type result struct {
	Process     process           `json:"identificationprocess"`
	Custom      customData        `json:"customdata"`
	Contact     contactData       `json:"contactdata"`
	User        userData          `json:"userdata"`
	Document    *identDocument    `json:"identificationdocument,omitempty"`
	Attachments map[string]string `json:"attachments,omitempty"` // name → file in the ZIP
	Questions   json.RawMessage   `json:"questions,omitempty"`
	ESigning    *esigning         `json:"esigning,omitempty"` // if documents were signed
}

type process struct {
	Result    string `json:"result"`
	Reason    string `json:"reason,omitempty"`
	CompanyID string `json:"companyid"`
	Filename  string `json:"filename"`
	Agent     string `json:"agentname"`
	Time      string `json:"identificationtime"` // RFC 3339, UTC
	ID        string `json:"id"`
	Href      string `json:"href"`
	Type      string `json:"type"` // WEB or APP
	Tx        string `json:"transactionnumber"`
}

type customData struct {
	Custom1 *string `json:"custom1"`
	Custom2 *string `json:"custom2"`
	Custom3 *string `json:"custom3"`
	Custom4 *string `json:"custom4"`
	Custom5 *string `json:"custom5"`
}

type contactData struct {
	Mobile *string `json:"mobilephone"`
	Email  *string `json:"email"`
}

type userData struct {
	Firstname   *cell    `json:"firstname,omitempty"`
	Lastname    *cell    `json:"lastname,omitempty"`
	Birthday    *cell    `json:"birthday,omitempty"`
	Birthplace  *cell    `json:"birthplace,omitempty"`
	Birthname   *cell    `json:"birthname,omitempty"`
	Nationality *cell    `json:"nationality,omitempty"`
	Gender      *cell    `json:"gender,omitempty"`
	Title       *cell    `json:"title,omitempty"`
	Address     *address `json:"address,omitempty"`
}

type address struct {
	Street       *cell `json:"street,omitempty"`
	Streetnumber *cell `json:"streetnumber,omitempty"`
	Zipcode      *cell `json:"zipcode,omitempty"`
	City         *cell `json:"city,omitempty"`
	Country      *cell `json:"country,omitempty"`
}

type identDocument struct {
	Type       *cell `json:"type"`
	Country    *cell `json:"country"`
	Number     *cell `json:"number"`
	IssuedBy   *cell `json:"issuedby"`
	DateIssued *cell `json:"dateissued"`
	ValidUntil *cell `json:"validuntil"`
}

// cell is one datum beside what the company had sent.
type cell struct {
	Value    string `json:"value,omitempty"`
	Status   string `json:"status"`
	Original string `json:"original,omitempty"`
}

// namedCell is a cell under its name of the protocol.
type namedCell struct {
	name string
	cell **cell
}

// person lists the cells of the customer in the order in which people read them.
func (u *userData) person() []namedCell {
	return []namedCell{
		{"firstname", &u.Firstname}, {"lastname", &u.Lastname}, {"birthday", &u.Birthday}, {"birthplace", &u.Birthplace},
		{"birthname", &u.Birthname}, {"nationality", &u.Nationality}, {"gender", &u.Gender}, {"title", &u.Title},
	}
}

func (a *address) cells() []namedCell {
	return []namedCell{
		{"street", &a.Street}, {"streetnumber", &a.Streetnumber}, {"zipcode", &a.Zipcode}, {"city", &a.City}, {"country", &a.Country},
	}
}

func (d *identDocument) cells() []namedCell {
	return []namedCell{
		{"type", &d.Type}, {"country", &d.Country}, {"number", &d.Number},
		{"issuedby", &d.IssuedBy}, {"dateissued", &d.DateIssued}, {"validuntil", &d.ValidUntil},
	}
}

// report writes the result object of one ending.
func (s *Server) report(ses *session, e ending, at time.Time) result {
	r := result{
		Process: process{
			Result: e.Result, Reason: e.Reason, CompanyID: s.accountOf(ses).CompanyID, Filename: ses.Tx + ".zip",
			Agent: "TROBOT", Time: at.UTC().Format("2006-01-02T15:04:05.000Z07:00"), ID: ses.ID,
			Href: zipPath(s.accountOf(ses).CompanyID, ses.Tx), Type: "WEB", Tx: ses.Tx,
		},
		Custom: customData{
			optional(ses.Data["custom1"]), optional(ses.Data["custom2"]), optional(ses.Data["custom3"]),
			optional(ses.Data["custom4"]), optional(ses.Data["custom5"]),
		},
		Contact:   contactData{Mobile: optional(ses.known("mobilephone")), Email: optional(ses.Data["email"])},
		Questions: ses.Questions,
	}
	tell := ses.confirmed
	switch {
	case retryable(e.Result):
		tell = ses.original
	case e.Changed:
		tell = ses.changed
	}
	for _, field := range r.User.person() {
		*field.cell = tell(field.name)
	}
	var home address
	for _, field := range home.cells() {
		*field.cell = tell(field.name)
	}
	if home != (address{}) {
		r.User.Address = &home
	}
	if !retryable(e.Result) {
		r.Document = s.identDocument(ses)
		r.Attachments = attachments(ses.Tx, ses.Kind, ses.Document)
	}
	return r
}

// known is what was entered on the page, else what was sent.
func (ses *session) known(field string) string {
	if typed := ses.Typed[field]; typed != "" {
		return typed
	}
	return ses.Data[field]
}

// original is the cell of an identification that came to nothing.
func (ses *session) original(field string) *cell {
	if sent := ses.Data[field]; sent != "" {
		return &cell{Status: "ORIGINAL", Original: sent}
	}
	return nil
}

// confirmed is the cell of a document that agrees with what was sent; what was asked for in the call is new.
func (ses *session) confirmed(field string) *cell {
	if sent := ses.Data[field]; sent != "" {
		return &cell{Status: "MATCH", Value: upper(field, sent)}
	}
	if typed := ses.Typed[field]; typed != "" {
		return &cell{Status: "NEW", Value: upper(field, typed)}
	}
	return nil
}

// changed is the cell of a document that says something else than was sent, as far as the field can change.
func (ses *session) changed(field string) *cell {
	others, ok := changes[field]
	if !ok {
		return ses.confirmed(field)
	}
	sent := ses.Data[field]
	other := others[0]
	if strings.EqualFold(sent, other) {
		other = others[1]
	}
	if sent == "" {
		return &cell{Status: "NEW", Value: other}
	}
	return &cell{Status: "CHANGE", Value: other, Original: sent}
}

// upper writes a value as the protocol does: in upper case, except an academic title.
func upper(field, value string) string {
	if field == "title" {
		return value
	}
	return strings.ToUpper(value)
}

func optional(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}

// changes is what CHANGEALL and its like report for each field that can change: two values, so that one of them differs
// from any that was sent. Between them the text fields hold every letter of Latin-1 and of Latin Extended-A that has no
// lower-case twin, and those that have no upper case.
var changes = map[string][2]string{
	"firstname":    {"ÀÁÂÃÄÅÆ ÇÈÉÊË", "ÇÈÉÊË ÀÁÂÃÄÅÆ"},
	"lastname":     {"ÌÍÎÏÐÑ ÒÓÔÕÖØ ÙÚÛÜÝÞ-ßŸ", "ÙÚÛÜÝÞ-ßŸ ÌÍÎÏÐÑ ÒÓÔÕÖØ"},
	"birthname":    {"ĀĂĄĆĈĊČĎĐ ĒĔĖĘĚĜĞĠĢ", "ĒĔĖĘĚĜĞĠĢ ĀĂĄĆĈĊČĎĐ"},
	"birthplace":   {"ĤĦĨĪĬĮİIĲĴ ĶĸĹĻĽĿŁ", "ĶĸĹĻĽĿŁ ĤĦĨĪĬĮİIĲĴ"},
	"street":       {"ŃŅŇŉŊŌŎŐŒ ŔŖŘŚŜŞŠ-STRASSE", "ŔŖŘŚŜŞŠ-STRASSE ŃŅŇŉŊŌŎŐŒ"},
	"streetnumber": {"42A", "43B"},
	"city":         {"ŢŤŦŨŪŬŮŰ ŲŴŶŹŻŽ", "ŲŴŶŹŻŽ ŢŤŦŨŪŬŮŰ"},
	"zipcode":      {"1010", "1020"},
	"country":      {"AT", "DE"},
	"nationality":  {"AT", "FR"},
	"birthday":     {"1975-03-14", "1976-04-15"},
	"gender":       {"FEMALE", "MALE"},
	"title":        {"Prof. Dr.", "Dr."},
}
