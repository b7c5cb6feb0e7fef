package idnow

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// session is all that is known of one identification. Once it is in the server's map it is never changed: see Server.change.
type session struct {
	Company   string // whose it is; "" in a file from before there were several accounts
	Kind      Kind   `json:",omitempty"` // what the customer does
	ESign     bool   `json:",omitempty"` // the customer signs documents besides
	Tx        string // transaction number, the company's own
	ID        string // ident id, "TST-XLFYB"
	CreatedAt time.Time

	Data      map[string]string // what /start sent, by field name of the protocol; absent and empty are the same
	Questions json.RawMessage   `json:",omitempty"`
	Tracking  string            `json:",omitempty"`

	Attempt   int               // number of the present attempt, from 1 once one was begun
	Step      step              // where the customer is in it
	Typed     map[string]string `json:",omitempty"` // what the customer entered, by field name
	Document  document          // what the customer shows
	Language  string            `json:",omitempty"` // of the call, "de" or "en"
	Codes     int               `json:",omitempty"` // wrong ident codes in this attempt
	TimeoutAt time.Time         // when the attempt ends of itself; zero if none runs

	Shots map[string]shot `json:",omitempty"` // pictures of this attempt, by the step in which they were taken
	Taken int             `json:",omitempty"` // how many were

	Plan      []planned  // results to come, in order
	Outcomes  []outcome  // results that came, in order
	Reopened  bool       // /start came after the last outcome, which therefore is the present result no more
	Pushes    []push     // outcomes not yet told
	Documents []instance `json:",omitempty"`
	SignedAt  time.Time  `json:",omitzero"` // when the customer signed them
}

// document is the customer's choice on the page; the zero value stands for a German identity card.
type document struct {
	Type    string // IDCARD, PASSPORT, RESIDENCE_TITLE or, automatically, DRIVERS_LICENSE
	Country string // alpha-2
}

// outcome is a result that came to be.
type outcome struct {
	At      time.Time
	Attempt int // the attempt that it ended
	Report  result
}

// clone gives a copy that shares nothing that is changed in place.
func (ses *session) clone() *session {
	c := *ses
	c.Data, c.Typed = maps.Clone(ses.Data), maps.Clone(ses.Typed)
	c.Plan, c.Outcomes = slices.Clone(ses.Plan), slices.Clone(ses.Outcomes)
	c.Pushes, c.Documents = slices.Clone(ses.Pushes), slices.Clone(ses.Documents)
	return &c
}

// present is the outcome that holds now, nil if there is none yet or /start opened the identification anew.
func (ses *session) present() *outcome {
	if len(ses.Outcomes) == 0 || ses.Reopened {
		return nil
	}
	return &ses.Outcomes[len(ses.Outcomes)-1]
}

// result is the name of the present result, "" if there is none.
func (ses *session) result() string {
	if o := ses.present(); o != nil {
		return o.Report.Process.Result
	}
	return ""
}

// finished says that /start is too late: there is a result, and it is neither preliminary nor one to retry after.
func (ses *session) finished() bool {
	r := ses.result()
	return r != "" && !preliminary(r) && !retryable(r)
}

// mayRetry says that the present attempt is over and came to nothing, so that another may begin.
func (ses *session) mayRetry() bool {
	o := ses.present()
	return o != nil && o.Attempt == ses.Attempt && retryable(o.Report.Process.Result)
}

// underReview says that the call is over and a result yet to come.
func (ses *session) underReview() bool {
	return preliminary(ses.result()) || len(ses.Plan) > 0 && !ses.finished() && !ses.mayRetry()
}

// robot is the test that the session's data ask for; /start has refused data that ask for an impossible one.
func (ses *session) robot() robot {
	r, refused := robotOf(ses.Kind, ses.Data)
	if refused != nil {
		return robot{}
	}
	return r
}

// nextDue is the earliest time at which something happens to the session of itself.
func (ses *session) nextDue() (time.Time, bool) {
	var due time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	earlier(ses.TimeoutAt)
	if len(ses.Plan) > 0 {
		earlier(ses.Plan[0].At)
	}
	for _, p := range ses.Pushes {
		earlier(p.At)
	}
	return due, !due.IsZero()
}

// begin starts a new attempt; what was still to come of the one before is dropped.
func (ses *session) begin(first step) {
	ses.Attempt++
	ses.Step = first
	ses.Typed, ses.Codes, ses.Document = nil, 0, document{}
	ses.Shots, ses.Taken = nil, 0
	ses.Plan, ses.TimeoutAt, ses.SignedAt = nil, time.Time{}, time.Time{}
}

// end records a result and the push that tells it.
func (s *Server) end(ses *session, e ending, at time.Time) {
	told := at.Truncate(time.Millisecond)
	if n := len(ses.Outcomes); n > 0 && !told.After(ses.Outcomes[n-1].At) {
		told = ses.Outcomes[n-1].At.Add(time.Millisecond) // no two results of a session bear the same time
	}
	report := s.report(ses, e, told)
	s.certify(ses, &report, told)
	ses.Outcomes = append(ses.Outcomes, outcome{At: told, Attempt: ses.Attempt, Report: report})
	ses.Step, ses.TimeoutAt, ses.Reopened = stepEnded, time.Time{}, false
	if s.accountOf(ses).PushURL != "" {
		ses.Pushes = append(ses.Pushes, push{Outcome: len(ses.Outcomes) - 1, At: at})
	}
}

// abort ends the customer's attempt before its time.
func (s *Server) abort(ses *session, reason string, at time.Time) {
	ses.Plan = nil
	s.end(ses, ending{Result: aborted, Reason: reason}, at)
}
