package flow

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// Texter sends texts to phones: a gateway, or the inbox of a sandbox.
type Texter interface {
	// Text sends a text. The same id is the same message, which is sent once. An
	// error that is ErrTextRefused is final, any other may pass.
	Text(ctx context.Context, id, number, text string) error
}

// ErrTextRefused says that the gateway will never send this message.
var ErrTextRefused = errors.New("flow: the gateway refused the message")

const (
	// messageKept is how long messages are kept after they were made.
	messageKept = 7 * 24 * time.Hour
	// a removal is told for a day; a one-time password as long as it is good
	removalToldFor = 24 * time.Hour
	firstTextGap   = 2 * time.Second
	mostTextGap    = 5 * time.Minute
)

// texts are what phones are told, in English and German; %s is the password.
var texts = map[string]map[string]string{
	"confirm_number": {
		"en": "%s is your code to confirm this phone number. It is good for 5 minutes.",
		"de": "%s ist Ihr Code, um diese Telefonnummer zu bestätigen. Er gilt 5 Minuten.",
	},
	"confirm_change": {
		"en": "%s is your code to confirm the change of your data. Do not pass it on to anybody who calls you.",
		"de": "%s ist Ihr Code, um die Änderung Ihrer Daten zu bestätigen. Geben Sie ihn niemandem weiter, der Sie anruft.",
	},
	"confirm_removal": {
		"en": "%s is your code to remove this phone number from your customer data. Do not pass it on to anybody who calls you.",
		"de": "%s ist Ihr Code, um diese Telefonnummer aus Ihren Kundendaten zu entfernen. Geben Sie ihn niemandem weiter, der Sie anruft.",
	},
	"number_removed": {
		"en": "This phone number was removed from your customer data. If that was not you, please call your bank.",
		"de": "Diese Telefonnummer wurde aus Ihren Kundendaten entfernt. Waren Sie das nicht, rufen Sie bitte Ihre Bank an.",
	},
}

// languageOf is the language that the person is written to in: the one of their
// settings, else that of the country they live in.
func languageOf(consents kyc.ConsentReader, p kyc.Person) (string, error) {
	chosen, err := consents.Language(p.ID)
	if err != nil {
		return "", err
	}
	country := p.Attributes.Text("address.country").Reveal()
	if strings.EqualFold(chosen, "de") || (chosen == "" && (country == "DE" || country == "AT")) {
		return "de", nil
	}
	return "en", nil
}

// canText tells whether there is a way to send texts at all.
func (s *Service) canText() error {
	if s.Texter == nil {
		return kyc.Fail(kyc.NotImplemented, "not_implemented_error",
			"This server cannot send text messages: its operator has not set a gateway (--sms-url).")
	}
	return nil
}

// text queues one of the texts for a phone, unless it has had too many within an hour.
func (s *Service) text(tx kyc.Tx, p kyc.Person, number, text, code string, expires time.Time) error {
	wall := s.Wall.Now()
	if err := s.mayText(tx, p.ID, number); err != nil {
		return err
	}
	key, err := s.keyOf(tx.Persons(), p.ID)
	if err != nil {
		return err
	}
	m := kyc.Message{
		ID: id.Random(id.Plain), PartnerID: p.PartnerID, PersonID: p.ID, Number: number, State: kyc.MessageQueued,
		CreatedAt: tx.Now(), QueuedAt: wall, ExpiresAt: expires,
	}
	language, err := languageOf(tx.Consents(), p)
	if err != nil {
		return err
	}
	plain := strings.Replace(texts[text][language], "%s", code, 1)
	if m.Sealed, err = key.Seal([]byte(plain), aboutMessage(m)); err != nil {
		return err
	}
	if err := tx.Messages().Insert(m); err != nil {
		return err
	}
	return tx.Jobs().Add(kyc.Job{Kind: kyc.SendMessage, Key: m.ID, DueAt: tx.Now()})
}

// mayText refuses a number that has had too many messages within an hour: ours,
// and those that signers sent for us. The number of a sandbox is shared by all of
// its persons, and each may have as many.
func (s *Service) mayText(tx kyc.Tx, personID, number string) error {
	since, of := s.Wall.Now().Add(-time.Hour), ""
	if s.Sandbox && number == sandboxNumber {
		of = personID
	}
	ours, err := tx.Messages().SentTo(number, of, since)
	if err != nil {
		return err
	}
	theirs, err := tx.Signings().SentTo(number, of, since)
	if err != nil || ours+theirs < kyc.MessagesPerHour {
		return err
	}
	return &kyc.Error{
		Kind: kyc.TooMany, Code: "too_many_requests", RetryAfter: time.Hour,
		Detail: "This number was sent 60 messages within an hour, which is all it may get. Try again later.",
	}
}

func aboutMessage(m kyc.Message) string { return "message " + m.ID }

// SendMessage is the job of one message. A gateway that is in trouble is asked
// again as long as the text is worth something.
func (s *Service) SendMessage(ctx context.Context, j kyc.Job) error {
	m, text, err := s.message(ctx, j.Key)
	gone := kyc.IsKind(err, kyc.NotFound) // erased meanwhile
	if err != nil && !gone {
		return err
	}
	state := m.State
	if !gone && state == kyc.MessageQueued {
		state = s.sendText(ctx, m, text, j.Attempt)
	}
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		switch {
		case gone || state == m.State && state != kyc.MessageQueued:
		case state == kyc.MessageQueued:
			return tx.Jobs().PutOff(j, tx.Now().Add(kyc.Backoff(j.Attempt, firstTextGap, mostTextGap)))
		default:
			if err := tx.Messages().Settle(m.ID, state, tx.Now()); err != nil {
				return err
			}
		}
		return tx.Jobs().Done(j)
	})
}

// sendText hands the text to the gateway and says where the message stands then:
// still queued if it is worth to try again.
func (s *Service) sendText(ctx context.Context, m kyc.Message, text string, attempt int) kyc.MessageState {
	if s.Texter == nil || !s.Clock.Now().Before(m.ExpiresAt) {
		s.Log.Error("a text message could not be sent in time", "message", m.ID)
		return kyc.MessageExpired
	}
	switch err := s.Texter.Text(ctx, m.ID, m.Number, text); {
	case err == nil:
		return kyc.MessageSent
	case errors.Is(err, ErrTextRefused):
		s.Log.Error("the gateway refused a text message", "message", m.ID, "error", kyc.Brief(err))
		return kyc.MessageRefused
	default:
		s.Log.Warn("a text message could not be sent; it is tried again", "message", m.ID, "attempt", attempt, "error", kyc.Brief(err))
		return kyc.MessageQueued
	}
}

func (s *Service) message(ctx context.Context, messageID string) (m kyc.Message, text string, err error) {
	err = s.Store.View(ctx, func(v kyc.View) error {
		if m, err = v.Messages().Get(messageID); err != nil {
			return err
		}
		text, err = s.messageText(v.Persons(), m)
		return err
	})
	return m, text, err
}

func (s *Service) messageText(persons kyc.PersonReader, m kyc.Message) (string, error) {
	key, err := s.keyOf(persons, m.PersonID)
	if err != nil {
		return "", err
	}
	text, err := key.Open(m.Sealed, aboutMessage(m))
	return string(text), err
}

// SentMessage is a message with its text: what the inbox of a sandbox shows.
type SentMessage struct {
	kyc.Message
	Text string
}

// Messages opens the messages to a number, or to all, for the inbox of a sandbox.
func (s *Service) Messages(v kyc.View, number string, p kyc.Page) (shown []SentMessage, err error) {
	list, err := v.Messages().List(number, p)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		text, err := s.messageText(v.Persons(), m)
		if err != nil {
			return nil, err
		}
		shown = append(shown, SentMessage{m, text})
	}
	return shown, nil
}
