package idnow

import (
	"slices"
	"time"
)

// noticePages only say something; agentPages show what the agent asks for, and a button.
var (
	noticePages = []string{"unknown", "expired", "finished", "review", "automatic", "unready", "foreign", "toolarge", "unreadable", "broken"}
	agentPages  = []string{"waiting", "confirm", "front", "back", "proof", "tilt", "portrait"}
)

// Template is the template that renders the page: pages that differ in their texts alone share one.
func (p page) Template() string {
	switch {
	case p.auto() && p.Name == string(stepLanding):
		return "autolanding"
	case scanSteps[step(p.Name)] != "":
		return "scan"
	case slices.Contains(noticePages, p.Name):
		return "notice"
	case slices.Contains(agentPages, p.Name):
		return "agent"
	}
	return p.Name
}

// Step is what the form carries to be known as the present one.
func (p page) Step() string { return p.ses.token() }

// Value is what a field of the form holds.
func (p page) Value(field string) string { return p.Form.Get(field) }

// Is says whether a field of the form holds this value.
func (p page) Is(field, value string) bool { return p.Form.Get(field) == value }

// Problem is the text key of what is wrong with a field, "" if nothing is.
func (p page) Problem(field string) string { return p.Problems[field] }

// Wrong lists the fields with problems in the order of the form.
func (p page) Wrong() []string {
	order := slices.Concat([]string{"reference"}, agreements, autoAgreements, []string{"document", "issuer", "language", "mobile", "picture"}, required,
		[]string{"validuntil", "answer", "consent"})
	var wrong []string
	for _, field := range order {
		if p.Problems[field] != "" && !slices.Contains(wrong, field) {
			wrong = append(wrong, field)
		}
	}
	return wrong
}

// Known is a datum of the customer, as sent or entered.
func (p page) Known(field string) string { return p.ses.known(field) }

// Birthday is the customer's date of birth as the language writes it.
func (p page) Birthday() string {
	day, err := time.Parse(time.DateOnly, p.ses.known("birthday"))
	switch {
	case err != nil:
		return "" // none was sent, or /start would have refused it
	case p.Lang == "de":
		return day.Format("02.01.2006")
	}
	return day.Format("2 January 2006")
}

// Missing lists the fields that the agent asks for.
func (p page) Missing() []string { return p.ses.missing() }

// Boxes lists what the customer must agree to.
func (p page) Boxes() []string {
	if p.auto() {
		return autoAgreements
	}
	return agreements
}

// Documents lists the kinds of document to choose from.
func (p page) Documents() []string {
	if p.auto() {
		return autoDocumentKinds
	}
	return documentKinds
}

// Reasons lists the abortions that a tester may choose.
func (p page) Reasons() []string { return reasons }

// Cases lists the endings that a tester may choose; a test person's is decided by its name.
func (p page) Cases() []string {
	if p.ses.robot().Case != "" {
		return nil
	}
	if p.auto() {
		return autoEndingCases
	}
	return endingCases
}

// Wrongs is how many wrong ident codes were entered.
func (p page) Wrongs() int { return p.ses.Codes }

// TriesLeft is how many more ident codes may be entered.
func (p page) TriesLeft() int { return codeTries - p.ses.Codes }

// Waiting is the estimated waiting time in seconds.
func (p page) Waiting() int { return estimatedWaiting }

// Reason is why the last attempt ended, a word of the protocol.
func (p page) Reason() string {
	if o := p.ses.present(); o != nil {
		return o.Report.Process.Reason
	}
	return ""
}

// optionalSteps are those that many customers never see. They belong to the step before them.
var optionalSteps = []step{stepMissing, stepProof}

// Place is the number of the step among those of the call, 0 outside it.
func (p page) Place() int {
	if p.auto() {
		return slices.Index(autoSteps, step(p.Name)) + 1
	}
	place := 0
	for _, s := range callSteps {
		if !slices.Contains(optionalSteps, s) && (s != stepSign || p.ses.signs()) {
			place++
		}
		if string(s) == p.Name {
			return place
		}
	}
	return 0
}

// Places is how many steps the call has.
func (p page) Places() int {
	if p.auto() {
		return len(autoSteps)
	}
	places := len(callSteps) - len(optionalSteps)
	if !p.ses.signs() {
		places--
	}
	return places
}

// Contracts lists the documents that the customer signs.
func (p page) Contracts() []instance { return p.ses.toSign() }
