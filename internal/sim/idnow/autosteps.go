package idnow

import (
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/picture"
)

// The steps of automatic identification: the customer is alone with a camera. stepLanding comes before them, stepEnded after.
const (
	stepChoose    step = "choose"    // of a document
	stepScanFront step = "scanfront" // a picture of its front
	stepScanBack  step = "scanback"  // of its back; passports have none
	stepSelfie    step = "selfie"    // of the customer's face
	stepData      step = "data"      // the data as they were read
)

// autoSteps is the steps in order.
var autoSteps = []step{stepChoose, stepScanFront, stepScanBack, stepSelfie, stepData}

// scanSteps is the steps in which a picture is taken, and the file of the evidence that it becomes.
var scanSteps = map[step]string{stepScanFront: "idfrontside", stepScanBack: "idbackside", stepSelfie: "userface"}

// shot is a picture that the customer sent for a step.
type shot struct {
	JPEG   []byte `json:",omitempty"` // nil: the specimen was chosen, or it is no picture
	Reason string `json:",omitempty"` // why it cannot be used, a word of the protocol; "" if it can
}

// driversLicense is a kind of document for automatic identification alone.
const driversLicense = "DRIVERS_LICENSE"

// autoDocumentKinds is what the customer of automatic identification chooses from (S2, "User journey").
var autoDocumentKinds = []string{idCard, passport, driversLicense, residencePermit, otherDocument}

// autoAgreements is what that customer ticks.
var autoAgreements = []string{"terms", "ready", "pictures"}

// stopReasons is what it means that the customer stops at a step, in the words of S2.
var stopReasons = map[step]string{
	stepLanding:   "USER_CANCELLATION_TERMS_DENIED",
	stepChoose:    "USER_CANCELLATION_DOCUMENT_NOT_AVAILABLE",
	stepScanFront: "USER_CANCELLATION_APP_NOT_SCANNING",
	stepScanBack:  "USER_CANCELLATION_APP_NOT_SCANNING",
	stepSelfie:    "USER_CANCELLATION_SELFIE_NOT_READY",
	stepData:      "USER_CANCELLATION_USER_NOT_INTERESTED",
}

// faultReasons is what the reviewer of a picture calls its faults: of a document, and of a face.
var faultReasons = map[picture.Fault][2]string{
	picture.NotPicture: {"ID_DATA_OTHER", "SELFIE_OTHER"},
	picture.TooSmall:   {"ID_DATA", "SELFIE_OTHER"},
	picture.Dark:       {"ID_DARKNESS", "SELFIE_DARKNESS"},
	picture.Glare:      {"ID_GLARE", "SELFIE_GLARE"},
	picture.Blurry:     {"ID_BLURRY", "SELFIE_BLURRY"},
}

// timeoutReason is why an attempt ends that the customer left open.
func (ses *session) timeoutReason() string {
	if ses.Kind == AutoIdent {
		return "USER_CANCELLATION_IDENTIFY_LATER" // S2 knows no TECH_TIMEOUT
	}
	return "TECH_TIMEOUT"
}

// applyAuto is apply for automatic identification.
func (f submit) applyAuto() problems {
	ses := f.ses
	switch action := f.form.Get("action"); {
	case action == "stop":
		reason := stopReasons[ses.Step]
		if ses.Step == stepLanding {
			ses.begin(stepLanding)
		}
		f.server.abort(ses, reason, f.now)
	case ses.Step == stepLanding:
		return f.autoLanding()
	case action == "simulate":
		f.autoSimulate()
	case ses.Step == stepChoose:
		return f.choose()
	case ses.Step == stepData:
		return f.data()
	default:
		return f.scan(action)
	}
	return nil
}

// autoLanding begins an attempt (S2, happy path, step 4.1): a mobile number, and all boxes ticked.
func (f submit) autoLanding() problems {
	wrong := problems{}
	for _, box := range autoAgreements {
		if f.form.Get(box) == "" {
			wrong[box] = "error.tick"
		}
	}
	mobile := strings.TrimSpace(f.form.Get("mobile"))
	if !testMobile(mobile) {
		wrong["mobile"] = "error.mobile"
	}
	if len(wrong) > 0 {
		return wrong
	}
	f.ses.begin(stepChoose)
	f.ses.Typed = map[string]string{"mobilephone": mobile}
	f.ses.TimeoutAt = f.now.Add(attemptTimeout)
	return nil
}

// choose takes the choice of a document. One that is not accepted ends the attempt.
func (f submit) choose() problems {
	wrong := problems{}
	kind, issuer := f.form.Get("document"), f.form.Get("issuer")
	if !slices.Contains(autoDocumentKinds, kind) {
		wrong["document"] = "error.choose"
	}
	if _, known := findCountry(issuer); !known {
		wrong["issuer"] = "error.choose"
	}
	if len(wrong) > 0 {
		return wrong
	}
	if !accepted(kind, issuer) {
		f.server.abort(f.ses, "USER_CANCELLATION_DOCUMENT_NOT_ACCEPTED", f.now)
		return nil
	}
	f.ses.Document = document{Type: kind, Country: issuer}
	f.ses.nextAuto()
	return nil
}

// nextAuto leads to the next step.
func (ses *session) nextAuto() {
	ses.Step = autoSteps[slices.Index(autoSteps, ses.Step)+1]
	if ses.Step == stepScanBack && ses.Document.Type == passport {
		ses.nextAuto()
	}
}

// scan takes a picture. One that cannot be used is kept until the customer takes another, or sends it all the same; then
// the review will say what is wrong with it.
func (f submit) scan(action string) problems {
	side := string(f.ses.Step)
	switch {
	case action == "specimen":
		f.ses.setShot(side, shot{})
	case action == "keep" && f.ses.Shots[side].Reason != "":
	case f.picture == nil:
		return problems{"picture": "error.picture"}
	default:
		taken := shot{JPEG: f.picture.JPEG, Reason: reasonOf(f.ses.Step, f.picture.Fault)}
		if front := f.ses.Shots[string(stepScanFront)]; f.ses.Step == stepScanBack && len(taken.JPEG) > 0 && slices.Equal(front.JPEG, taken.JPEG) {
			taken.Reason = "ID_WRONG_SIDE" // the front once more
		}
		f.ses.setShot(side, taken)
		if taken.Reason != "" {
			return nil // the page says why, and stays
		}
	}
	f.ses.nextAuto()
	return nil
}

// setShot replaces the picture of a step. A session's map may be another session's as well.
func (ses *session) setShot(side string, taken shot) {
	all := map[string]shot{side: taken}
	for other, s := range ses.Shots {
		if other != side {
			all[other] = s
		}
	}
	ses.Shots = all
	ses.Taken++
}

func reasonOf(s step, fault picture.Fault) string {
	reasons := faultReasons[fault]
	if s == stepSelfie {
		return reasons[1]
	}
	return reasons[0]
}

// data takes the customer's word that the data are right, and what is missing of them.
func (f submit) data() problems {
	wrong, typed := f.typed()
	until := strings.TrimSpace(f.form.Get("validuntil"))
	if !validDate(until) {
		wrong["validuntil"] = "error.value"
	}
	if len(wrong) > 0 {
		return wrong
	}
	typed["validuntil"] = until
	for name, v := range typed {
		f.ses.Typed[name] = v
	}
	f.autoComplete()
	return nil
}

// autoComplete ends the customer's part. What a test person's name asks for decides, except that a success needs pictures
// that can be used and a document that is valid. Everybody else needs a proof of their address too.
func (f submit) autoComplete() {
	name := f.ses.robot().Case
	if name != "" && name != happyPath {
		f.server.complete(f.ses, name, f.now)
		return
	}
	reason := ""
	for _, s := range []step{stepScanFront, stepScanBack, stepSelfie} {
		if reason == "" {
			reason = f.ses.Shots[string(s)].Reason
		}
	}
	if reason == "" && f.ses.Typed["validuntil"] < f.now.Format(time.DateOnly) {
		reason = "ID_EXPIRED"
	}
	if reason == "" && name == "" && f.ses.needsProof() { // HAPPYPATH promises a success with every document (S2)
		reason = "USER_INVOICE_MISSING"
	}
	if reason == "" {
		f.server.complete(f.ses, happyPath, f.now)
		return
	}
	f.review(ending{After: afterReview, Result: canceled, Reason: reason})
}

// review ends the customer's part with one ending to come.
func (f submit) review(e ending) {
	f.ses.Step, f.ses.TimeoutAt = stepEnded, time.Time{}
	f.ses.Plan = f.server.planOf(f.ses, []ending{e}, f.now)
}

// autoSimulate ends the attempt as the tester chose on the page. An unknown choice changes nothing.
func (f submit) autoSimulate() {
	kind, name, _ := strings.Cut(f.form.Get("ending"), ":")
	switch {
	case kind == "case" && slices.Contains(autoEndingCases, name) && f.ses.robot().Case == "":
		f.server.complete(f.ses, name, f.now)
	case kind == "reason" && slices.Contains(autoReasons[aborted], name):
		f.server.abort(f.ses, name, f.now)
	case kind == "reason" && slices.Contains(autoReasons[canceled], name):
		f.review(ending{After: afterReview, Result: canceled, Reason: name})
	case kind == "reason" && slices.Contains(autoReasons[fraudConfirmed], name):
		f.review(ending{After: afterReview, Result: fraudConfirmed, Reason: name})
	}
}
