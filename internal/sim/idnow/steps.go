package idnow

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/picture"
)

// step is where a customer is in an attempt. Each but the last has a page of its name.
type step string

const (
	stepLanding  step = "landing"
	stepWaiting  step = "waiting"
	stepConfirm  step = "confirm"
	stepMissing  step = "missing"
	stepFront    step = "front"
	stepBack     step = "back"
	stepProof    step = "proof"
	stepTilt     step = "tilt"
	stepPortrait step = "portrait"
	stepQuestion step = "question"
	stepCode     step = "code"
	stepSign     step = "sign"  // with electronic signing only
	stepEnded    step = "ended" // no attempt is under way
)

// callSteps is the call, in order. The steps missing and proof are left out when nothing is, and when no proof of address
// is needed; sign is there with electronic signing only.
var callSteps = []step{stepConfirm, stepMissing, stepFront, stepBack, stepProof, stepTilt, stepPortrait, stepQuestion, stepCode, stepSign}

// identCode is the code that every customer "receives" by text message.
const identCode = "123456"

// codeTries is how often the ident code may be wrong before the attempt ends.
const codeTries = 3

// required is what the agent asks for if the company has not sent it. The mobile number is asked for before the call.
var required = []string{"firstname", "lastname", "birthday", "birthplace", "nationality", "street", "zipcode", "city", "country"}

// missing is the required data that nobody has given yet.
func (ses *session) missing() []string {
	return slices.DeleteFunc(slices.Clone(required), func(f string) bool { return ses.known(f) != "" })
}

// agreements is what the customer ticks before the call.
var agreements = []string{"terms", "ready", "recording"}

// problems is what is wrong with a form: the text key of the message by the field's name.
type problems map[string]string

// submit is a form that a customer sent, at a time.
type submit struct {
	server  *Server
	ses     *session // to be changed
	form    url.Values
	picture *picture.Picture // that came with the form, nil if none did
	now     time.Time
}

// reasons is the abortions that a tester may choose on the page, by the words of the protocol.
var reasons = []string{
	"TECH_VIDEO", "TECH_PHOTO", "TECH_AUDIO", "TECH_LIGHTING", "TECH_HOLOGRAM", "TECH_INTERNET_CONNECTION", "TECH_IDENT_CODE_DELIVERY",
	"BAD_AUDIO", "CONNECTION_LOST", "DATA_ID_EXPIRED", "ID_DAMAGED", "ID_NOT_SUPPORTED", "USER_NO_ID", "USER_WRONG_PERSON",
	"USER_LANGUAGE", "OTHER_ABUSE", "OTHER_MISCELLANEOUS_PERMANENT", "OTHER_MISCELLANEOUS_TEMPORARY",
}

// endingCases is the cases that a tester may choose for somebody who is no test person.
var endingCases = []string{"HAPPYPATH", "CHANGEALL", "CHANGEALLREVIEW", "CANCELED", "FRAUDIDENT", "FRAUDOK", "FRAUDREVIEW", "LONGREVIEW"}

// apply does what a form asks for. A form with problems changes nothing.
func (f submit) apply() problems {
	switch action := f.form.Get("action"); {
	case f.ses.Kind == AutoIdent:
		return f.applyAuto()
	case f.ses.Step == stepLanding:
		return f.landing()
	case action == "stop" && f.ses.Step == stepWaiting:
		f.server.abort(f.ses, "USER_ABORT_WHILE_WAITING", f.now)
	case action == "stop":
		f.server.abort(f.ses, "USER_CANCELLATION", f.now)
	case action == "simulate":
		f.simulate()
	case action == "none" && f.ses.Step == stepProof:
		f.server.abort(f.ses, noProof, f.now)
	case f.ses.Step == stepMissing:
		return f.missing()
	case f.ses.Step == stepQuestion:
		return f.question()
	case f.ses.Step == stepCode:
		return f.code()
	case f.ses.Step == stepSign:
		return f.sign()
	case f.ses.Step == stepFront && f.ses.scenario(f.ses.robot().Case).AgentAborts:
		f.server.complete(f.ses, f.ses.robot().Case, f.now)
	default:
		f.ses.next()
	}
	return nil
}

// next leads to the next step of the call.
func (ses *session) next() {
	ses.Step = callSteps[slices.Index(callSteps, ses.Step)+1] // from waiting, which is none of them, to the first
	if ses.Step == stepMissing && len(ses.missing()) == 0 || ses.Step == stepProof && !ses.needsProof() {
		ses.next()
	}
}

// complete ends the call as a case wants it; the review follows.
func (s *Server) complete(ses *session, name string, now time.Time) {
	ses.Step, ses.TimeoutAt = stepEnded, time.Time{}
	ses.Plan = s.plan(ses, name, now)
}

// landing begins an attempt, if the customer has agreed to everything and chosen a document.
func (f submit) landing() problems {
	wrong := problems{}
	for _, box := range agreements {
		if f.form.Get(box) == "" {
			wrong[box] = "error.tick"
		}
	}
	kind, issuer := f.form.Get("document"), f.form.Get("issuer")
	if !slices.Contains(documentKinds, kind) {
		wrong["document"] = "error.choose"
	}
	if _, known := findCountry(issuer); !known {
		wrong["issuer"] = "error.choose"
	}
	language := f.form.Get("language")
	if language != "de" && language != "en" {
		wrong["language"] = "error.choose"
	}
	mobile := strings.TrimSpace(f.form.Get("mobile"))
	if !testMobile(mobile) {
		wrong["mobile"] = "error.mobile"
	}
	if len(wrong) > 0 {
		return wrong
	}
	f.ses.begin(stepWaiting)
	f.ses.Language, f.ses.Document = language, document{Type: kind, Country: issuer}
	f.ses.Typed = map[string]string{"mobilephone": mobile}
	f.ses.TimeoutAt = f.now.Add(attemptTimeout)
	if !accepted(kind, issuer) {
		f.ses.Document = document{}
		f.server.abort(f.ses, "ID_NOT_SUPPORTED", f.now)
	}
	return nil
}

// otherDocument is the customer's choice of a document that is not accepted.
const otherDocument = "OTHER"

// documentKinds is what the customer chooses from.
var documentKinds = []string{idCard, passport, residencePermit, otherDocument}

// testMobile says whether text messages to a number can be simulated: anything that begins with 0, and one number more.
func testMobile(number string) bool {
	return number == "+15550101" || strings.HasPrefix(number, "0") && phoneNumber.MatchString(number)
}

// missing takes the data that the agent asked for.
func (f submit) missing() problems {
	wrong, typed := f.typed()
	if len(wrong) > 0 {
		return wrong
	}
	for name, v := range typed {
		f.ses.Typed[name] = v
	}
	f.ses.next()
	return nil
}

// typed reads the missing data from the form.
func (f submit) typed() (problems, map[string]string) {
	wrong, typed := problems{}, map[string]string{}
	for _, name := range f.ses.missing() {
		v := strings.TrimSpace(f.form.Get(name))
		switch {
		case v == "":
			wrong[name] = "error.required"
		case len(v) > 200 || !fields[name](v):
			wrong[name] = "error.value"
		case name == "birthday" && v > f.now.Format(time.DateOnly):
			wrong[name] = "error.future"
		}
		typed[name] = v
	}
	return wrong, typed
}

// question takes the answer to the security question. Any answer will do; it is not kept.
func (f submit) question() problems {
	if strings.TrimSpace(f.form.Get("answer")) == "" {
		return problems{"answer": "error.required"}
	}
	f.ses.next()
	return nil
}

// code takes the ident code. Wrong ones are counted in the session, so that a reload does not forget them.
func (f submit) code() problems {
	if strings.TrimSpace(f.form.Get("code")) == identCode {
		if len(f.ses.toSign()) > 0 {
			f.ses.Codes = 0
			f.ses.next()
			return nil
		}
		f.server.completeCall(f.ses, f.now)
		return nil
	}
	f.ses.Codes++
	if f.ses.Codes >= codeTries {
		f.server.abort(f.ses, "IDENT_CODE_REPEATEDLY_INCORRECT", f.now)
	}
	return nil
}

// simulate ends the call as the tester chose on the page. An unknown choice changes nothing.
func (f submit) simulate() {
	kind, name, _ := strings.Cut(f.form.Get("ending"), ":")
	switch {
	case kind == "reason" && slices.Contains(reasons, name):
		f.server.abort(f.ses, name, f.now)
	case kind == "case" && slices.Contains(endingCases, name) && f.ses.robot().Case == "":
		f.server.complete(f.ses, name, f.now)
	}
}

// token names the step of the attempt that a form belongs to; another token than the present is a stale form's.
func (ses *session) token() string {
	return fmt.Sprintf("%d.%s.%d", ses.Attempt, ses.Step, ses.Codes+ses.Taken)
}

// dialled writes a number as one dials it at home, so that what stands in the field already begins with 0.
func dialled(number string) string {
	switch {
	case testMobile(number) || !strings.HasPrefix(number, "+"):
		return number
	case strings.HasPrefix(number, "+49"):
		return "0" + number[len("+49"):]
	}
	return "00" + number[1:]
}
