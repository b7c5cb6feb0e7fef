package httpapi

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
)

// Sandbox is the world that a sandbox can move: its clock and its simulators.
type Sandbox interface {
	Now() time.Time
	// MoveTo moves the clock and answers when everything that fell due is done;
	// fired is how much that was. Its errors are public.
	MoveTo(ctx context.Context, to time.Time) (fired int, err error)
	// ChooseResult ends the identification's session at the simulator.
	ChooseResult(ctx context.Context, identification, result, reason string) error
	// Pages serves the pages of the sandbox itself, below /sandbox.
	Pages() http.Handler
}

// messageView is a text that would have been sent to a phone.
type messageView struct {
	ID        string           `json:"id"`
	PersonID  string           `json:"person_id"`
	Number    string           `json:"number"`
	Text      string           `json:"text"`
	State     kyc.MessageState `json:"state"`
	CreatedAt *string          `json:"created_at"`
	SentAt    *string          `json:"sent_at"`
}

// listMessages is the inbox of all phones. It is of no partner: a sandbox is
// one person's.
func (s *Server) listMessages(c *call) error {
	number := c.URL.Query().Get("number")
	if number != "" {
		normal, ok := kyc.NormalizePhone(number)
		if !ok {
			return &kyc.Error{Kind: kyc.Invalid, Code: "validation_error", Fields: []kyc.FieldError{{
				Code: "validation_error", Field: "number", Message: "is not a phone number in the form of E.164, like %2B15550101 (a + in a query is written %2B)",
			}}}
		}
		number = normal
	}
	wide := "messages"
	if number != "" {
		wide = "" // its total is not that of all
	}
	return writeList(s, c, list[flow.SentMessage]{
		wide:  wide,
		read:  func(v kyc.View, p kyc.Page) ([]flow.SentMessage, error) { return s.flow.Messages(v, number, p) },
		count: func(v kyc.View, atMost int) (int, error) { return v.Messages().Count(number, atMost) },
		show: func(m flow.SentMessage) ([]byte, error) {
			return marshal(messageView{
				ID: m.ID, PersonID: m.PersonID, Number: m.Number, Text: m.Text, State: m.State,
				CreatedAt: instant(m.CreatedAt), SentAt: instant(m.SentAt),
			})
		},
	})
}

// showPage is for people.
func (s *Server) showPage(c *call) error {
	s.sandbox.Pages().ServeHTTP(c, c.Request)
	return nil
}

type movedView struct {
	Now   string `json:"now"`
	Fired int    `json:"fired"`
}

type chosenView struct {
	Result string    `json:"result"`
	Reason *string   `json:"reason"`
	Status kyc.State `json:"status"`
}

func (s *Server) getClock(c *call) error {
	return writeJSON(c, http.StatusOK, map[string]string{"now": kyc.FormatInstant(s.sandbox.Now())})
}

// farthest is how far the clock can be moved: the year 9000 still fits every form.
var farthest = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)

func (s *Server) moveClock(c *call) error {
	in, err := decode(c)
	if err != nil {
		return err
	}
	advance, _ := in["advance"].(string)
	until, _ := in["to"].(string)
	to := s.sandbox.Now()
	switch {
	case (advance == "") == (until == ""):
		return kyc.Fail(kyc.Invalid, "validation_error", `Send either {"advance":"24h"} or {"to":"2027-01-31T12:00:00Z"}.`)
	case advance != "":
		d, err := time.ParseDuration(advance)
		if err != nil || d < 0 {
			return kyc.Fail(kyc.Invalid, "validation_error", "advance must be a duration like 90s, 15m or 24h, and not negative.")
		}
		to = to.Add(d)
	default:
		t, ok := kyc.ParseInstant(until)
		if !ok {
			return kyc.Fail(kyc.Invalid, "validation_error", "to must be a time of RFC 3339, like 2027-01-31T12:00:00Z.")
		}
		if t.Before(to) {
			return kyc.Fail(kyc.Invalid, "validation_error", "The clock cannot go back; it is %s.", kyc.FormatInstant(to))
		}
		to = t
	}
	if to.After(farthest) {
		return kyc.Fail(kyc.Invalid, "validation_error", "The clock cannot go further than the year 9000.")
	}
	if err := http.NewResponseController(c).SetWriteDeadline(time.Time{}); err != nil { // it takes what it takes
		return err
	}
	fired, err := s.sandbox.MoveTo(c.Context(), to)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, movedView{kyc.FormatInstant(s.sandbox.Now()), fired})
}

// results are the endings that can be chosen (providers.md §1.8).
var results = []string{
	"SUCCESS", "SUCCESS_DATA_CHANGED", "REVIEW_PENDING", "CHECK_PENDING", "FRAUD_SUSPICION_PENDING",
	"FRAUD_SUSPICION_CONFIRMED", "FAILED", "ABORTED", "CANCELED",
}

var reasonForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,99}$`)

func (s *Server) chooseResult(c *call) error {
	var i kyc.Identification
	err := s.view(c, func(v kyc.View) (err error) {
		i, err = v.Identifications().Get(c.PathValue("id"))
		return err
	})
	if err != nil {
		return err
	}
	in, err := decode(c)
	if err != nil {
		return err
	}
	result, isText := in["result"].(string)
	var broken []kyc.FieldError
	if in["result"] != nil && !isText {
		broken = append(broken, kyc.FieldError{Code: "type_error", Field: "result", Message: "must be a string"})
	} else if i.Method.Bankident() { // what can be chosen depends on where it stands
		if result == "" {
			broken = append(broken, kyc.FieldError{Field: "result", Message: "can't be blank"})
		}
	} else if !slices.Contains(results, result) {
		broken = append(broken, kyc.FieldError{Field: "result", Message: kyc.NotIncluded(results)})
	}
	reason, isText := in["reason"].(string)
	if in["reason"] != nil && !isText {
		broken = append(broken, kyc.FieldError{Code: "type_error", Field: "reason", Message: "must be a string"})
	} else if reason != "" && !reasonForm.MatchString(reason) {
		broken = append(broken, kyc.FieldError{Field: "reason", Message: "must be a code like TECH_PHOTO"})
	}
	if err := kyc.InvalidFields(broken); err != nil {
		return err
	}
	if err := s.sandbox.ChooseResult(c.Context(), i.ID, result, reason); err != nil {
		return err
	}
	err = s.view(c, func(v kyc.View) (err error) {
		i, err = v.Identifications().Get(i.ID)
		return err
	})
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, chosenView{result, kyc.Optional(reason), i.State})
}
