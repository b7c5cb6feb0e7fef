package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Sandbox speaks to what only a sandbox has: a clock that can be moved, and
// endings that can be chosen. It needs no token.
type Sandbox struct{ c *Client }

// Sandbox is the way to the sandbox's own calls.
func (c *Client) Sandbox() Sandbox { return Sandbox{c} }

// Moved is where the clock stands, and how many things fell due on the way.
type Moved struct {
	Now   time.Time `json:"now"`
	Fired int       `json:"fired"`
}

// Result is an ending, in the words of the provider.
type Result string

// The results of IDnow's methods. Those of MethodBank and MethodBankID depend on the
// status, such as "success", "joint_account" or "accepted"; a 400 names those that fit.
const (
	ResultSuccess                 Result = "SUCCESS"
	ResultSuccessDataChanged      Result = "SUCCESS_DATA_CHANGED"
	ResultReviewPending           Result = "REVIEW_PENDING"
	ResultCheckPending            Result = "CHECK_PENDING"
	ResultFraudSuspicionPending   Result = "FRAUD_SUSPICION_PENDING"
	ResultFraudSuspicionConfirmed Result = "FRAUD_SUSPICION_CONFIRMED"
	ResultFailed                  Result = "FAILED"
	ResultAborted                 Result = "ABORTED"
	ResultCanceled                Result = "CANCELED"
)

// Chosen is the ending that was chosen, and where the identification stands now.
type Chosen struct {
	Result Result `json:"result"`
	Reason string `json:"reason"`
	Status Status `json:"status"`
}

// Message is a text message that would have been sent to a phone.
type Message struct {
	ID        string    `json:"id"`
	PersonID  string    `json:"person_id"`
	Number    string    `json:"number"`
	Text      string    `json:"text"`
	State     string    `json:"state"` // queued, sent, refused or expired
	CreatedAt time.Time `json:"created_at"`
	SentAt    time.Time `json:"sent_at"`
}

func open(method string, parts ...string) call {
	q := to(method, append([]string{"sandbox"}, parts...)...)
	q.open = true
	return q
}

// Now is what the sandbox takes for now.
func (s Sandbox) Now(ctx context.Context) (time.Time, error) {
	answer, err := send[struct{ Now time.Time }](ctx, s.c, open(http.MethodGet, "clock"))
	return answer.Now, err
}

// Advance moves the clock. It returns when everything that fell due on the way
// has been done, webhooks included.
func (s Sandbox) Advance(ctx context.Context, by time.Duration) (Moved, error) {
	return s.move(ctx, struct {
		Advance string `json:"advance"`
	}{by.String()})
}

// MoveTo moves the clock to a time, like Advance.
func (s Sandbox) MoveTo(ctx context.Context, to time.Time) (Moved, error) {
	return s.move(ctx, struct {
		To time.Time `json:"to"`
	}{to})
}

func (s Sandbox) move(ctx context.Context, where any) (Moved, error) {
	defer s.c.tokens.drop() // they age on that clock
	return send[Moved](ctx, s.c, open(http.MethodPost, "clock").with(where))
}

// ChooseResult ends the identification as the provider would. The reason, like
// USER_CANCELLATION, may be empty.
func (s Sandbox) ChooseResult(ctx context.Context, identificationID string, result Result, reason string) (Chosen, error) {
	return send[Chosen](ctx, s.c, open(http.MethodPost, "identifications", identificationID, "result").with(struct {
		Result Result `json:"result"`
		Reason string `json:"reason,omitzero"`
	}{result, reason}))
}

// Messages lists the text messages of the last 7 days, oldest first. Takes
// [PageSize] and [NewestFirst].
func (s Sandbox) Messages(ctx context.Context, options ...QueryOption) iter.Seq2[Message, error] {
	return list[Message](ctx, s.c, open(http.MethodGet, "messages"), options)
}

// DevelopmentData are fields of a person that cannot be set otherwise.
type DevelopmentData struct {
	AMLFollowUpDate Date   `json:"aml_follow_up_date,omitzero"`
	AMLConfirmedOn  Date   `json:"aml_confirmed_on,omitzero"`
	BirthCity       string `json:"birth_city,omitzero"`
}

// UpdateForDevelopment sets them.
func (s Sandbox) UpdateForDevelopment(ctx context.Context, personID string, data DevelopmentData) (Person, error) {
	return send[Person](ctx, s.c, to(http.MethodPatch, "v1", "persons", personID, "update_for_development").with(data))
}

// DocumentCheck tells whether a person's identity document is good for longer.
type DocumentCheck struct {
	DocumentValid bool   `json:"document_valid"`
	Action        string `json:"action"` // what was done about it; empty if nothing
}

// TestIDDocumentUpdate looks now whether the person's identity document runs out.
func (s Sandbox) TestIDDocumentUpdate(ctx context.Context, personID string, options ...PostOption) (DocumentCheck, error) {
	return send[DocumentCheck](ctx, s.c, to(http.MethodPost, "v1", "persons", personID, "test_id_document_update").once(options))
}
