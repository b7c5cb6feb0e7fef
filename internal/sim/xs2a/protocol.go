package xs2a

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// pollEvery is how often the release in the app may be asked for, in milliseconds.
const pollEvery = 2000

// wizardCall is the form protocol. A call with the key alone shows the present form.
func (s *Server) wizardCall(w http.ResponseWriter, r *http.Request) *apiError {
	body, refused := readBody(w, r)
	if refused != nil {
		return refused
	}
	key, action, in, refused := readCall(body)
	if refused != nil {
		return refused
	}
	ses := s.sessionOfKey(key)
	if ses == nil {
		return notFound
	}
	var wrong problems
	if action != "" || len(in) > 0 {
		var err error
		wrong, err = s.take(ses.Tx, action, in, func(*session) bool { return true })
		if err != nil && !errors.Is(err, ErrNoSession) {
			return s.failed(r, err)
		}
		if ses = s.session(ses.Tx); ses == nil {
			return notFound
		}
	}
	simkit.WriteJSON(w, http.StatusOK, s.answer(ses, wrong))
	return nil
}

// readCall reads a body of the form protocol: everything but key and action is a form value.
func readCall(body []byte) (key, action string, in values, refused *apiError) {
	var sent map[string]any
	if err := json.Unmarshal(body, &sent); err != nil {
		return "", "", nil, badRequest("The body is no JSON object.")
	}
	in = values{}
	for name, v := range sent {
		switch v := v.(type) {
		case string:
			in[name] = v
		case bool, float64:
			in[name] = fmt.Sprint(v)
		case nil:
		default:
			return "", "", nil, invalid(map[string]string{"value": "must be a text, a number or true or false."})
		}
	}
	key, action = in["key"], in["action"]
	delete(in, "key")
	delete(in, "action")
	switch action {
	case "", actionBack, actionTabs, actionPoll, actionLanguage, actionAbort, actionReleased:
		return key, action, in, nil
	}
	return "", "", nil, invalid(map[string]string{"action": "is invalid."})
}

// answer is the present form of a session, with what was wrong with the last one.
func (s *Server) answer(ses *session, wrong problems) map[string]any {
	lang := tongue(ses.Language)
	answer := map[string]any{"code": http.StatusOK, "message": "", "error": []string{}, "polling": map[string]any{}}
	if ses.Step == stepSca {
		answer["polling"] = map[string]any{"interval": pollEvery}
	}
	name, elements := string(ses.Step), []element{}
	switch {
	case ses.Finished:
		name = "finish"
	case ses.over():
		answer["error"] = map[string]any{"message": translate(lang, "ended."+endedText(ses.LastError)), "recoverable": false, "code": ses.LastError}
	default:
		elements = s.form(ses, lang, wrong)
		for _, field := range fieldOrder {
			if key := wrong[field]; key != "" {
				answer["error"] = map[string]any{"message": translate(lang, key), "recoverable": true, "code": ses.LastError}
				break
			}
		}
	}
	answer["form"] = map[string]any{"name": name, "elements": elements}
	return answer
}

// fieldOrder is every field as it comes in the forms.
var fieldOrder = []string{fieldCountry, fieldBank, fieldUser, fieldPIN, fieldPrivacy, fieldAccount, fieldTAN}

// element is one element of a form: its type and what this type has.
type element map[string]any

// form is the elements of a step.
func (s *Server) form(ses *session, lang string, wrong problems) []element {
	field := func(kind, name string, more element) element {
		e := element{"type": kind, "name": name, "label": translate(lang, "field."+name), "validation": "required",
			"invalid": wrong[name] != "", "failed_validation_rules": "", "validation_error": ""}
		if key := wrong[name]; key != "" {
			e["failed_validation_rules"], e["validation_error"] = []string{"required"}, translate(lang, key)
		}
		for k, v := range more {
			e[k] = v
		}
		return e
	}
	says := func(title, text string) element { return element{"type": "paragraph", "title": title, "text": text} }
	var all []element
	switch ses.Step {
	case stepStart:
		countries := map[string]string{}
		for _, c := range countryIDs {
			countries[c] = translate(lang, "country."+c)
		}
		all = append(all, field("select", fieldCountry, element{"options": countries, "selected": ses.country()}),
			field("text", fieldBank, element{"value": ses.presetBank()}))
	case stepLogin:
		all = append(all, says(translate(lang, "login.title"), translate(lang, "login.text")), field("text", fieldUser, element{"value": ""}),
			field("password", fieldPIN, element{"value": ""}), field("checkbox", fieldPrivacy, element{"checked": false}))
	case stepAccounts:
		options := []element{}
		for _, a := range ses.Accounts {
			options = append(options, element{"label": a.Holder + ", " + grouped(a.IBAN), "disabled": !ses.selectable(a)})
		}
		all = append(all, field("radio", fieldAccount, element{"options": options, "checked": ses.Chosen}))
	case stepTan:
		all = append(all, says(translate(lang, "tan.title"), translate(lang, "tan.shown", s.tan(ses))), field("text", fieldTAN, element{"value": ""}))
	case stepSca:
		all = append(all, says(translate(lang, "sca.title"), translate(lang, "sca.text")))
	}
	return append(all, element{"type": "submit", "label": translate(lang, "button.next")}, element{"type": "abort", "label": translate(lang, "button.abort")})
}
