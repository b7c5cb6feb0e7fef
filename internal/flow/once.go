package flow

import (
	"bytes"
	"cmp"
	"context"

	"github.com/identikit/identikit/internal/kyc"
)

// Once carries an idempotency key, if the request has one: the key, a hash of
// the whole request, and how the answer is rendered, with which status (0 is
// 201). It is stored in the transaction of the deed.
type Once struct {
	Key    string
	Hash   []byte
	Status int
	// PersonID is whose data the answer holds, if the path says so; else the noun
	// is asked. By it the answer is found when the person is erased.
	PersonID string
	Render   func(noun any) ([]byte, error)
	StatusOf func(noun any) int // instead of Status, where the noun decides
}

// status is how the noun is answered.
func (o Once) status(noun any) int {
	if o.StatusOf != nil {
		return o.StatusOf(noun)
	}
	return cmp.Or(o.Status, 201)
}

// about is the person whose data an answer holds.
func about(noun any, o Once) string {
	if n, ok := noun.(interface{ AboutPerson() string }); ok && o.PersonID == "" {
		return n.AboutPerson()
	}
	return o.PersonID
}

// answered gives the stored answer if the key was used: for verbs that ask
// somebody else before their deed.
func (s *Service) answered(ctx context.Context, partnerID string, o Once) (replay *kyc.Replay, err error) {
	if o.Key == "" {
		return nil, nil
	}
	err = s.Store.View(ctx, func(v kyc.View) error {
		r, ok, err := v.Replays().Find(partnerID, o.Key)
		if err != nil || !ok {
			return err
		}
		replay = &r
		return sameRequest(r, o)
	})
	return replay, err
}

// once runs the deed unless its key was used; then the stored answer comes back.
func (s *Service) once(ctx context.Context, partnerID string, o Once, deed func(kyc.Tx) (any, error)) (*kyc.Replay, error) {
	var replay *kyc.Replay
	var final error
	err := s.Store.Tx(ctx, func(tx kyc.Tx) error {
		replay, final = nil, nil
		if o.Key != "" {
			r, ok, err := tx.Replays().Find(partnerID, o.Key)
			if err != nil {
				return err
			}
			if ok {
				replay = &r
				return sameRequest(r, o)
			}
		}
		noun, err := deed(tx)
		if refused, ok := err.(refusal); ok {
			final = refused.error
			return nil
		}
		if err != nil || o.Key == "" {
			return err
		}
		body, err := o.Render(noun)
		if err != nil {
			return err
		}
		return tx.Replays().Insert(kyc.Replay{
			PartnerID: partnerID, Key: o.Key, RequestHash: o.Hash, Status: o.status(noun), Body: body, CreatedAt: tx.Now(),
			PersonID: about(noun, o),
		})
	})
	if err == nil {
		err = final
	}
	return replay, err
}

// refusal is an error of a deed that leaves its trace: what was written stays,
// a wrong password is counted. Its answer is not kept: asked again, it counts again.
type refusal struct{ error }

func sameRequest(r kyc.Replay, o Once) error {
	if len(r.RequestHash) == 0 { // blanked: whose answer it was is erased
		return kyc.Missing("Solaris::Person", r.PersonID)
	}
	if bytes.Equal(r.RequestHash, o.Hash) {
		return nil
	}
	return kyc.Fail(kyc.Unprocessable, "unprocessable_entity",
		"This Idempotency-Key was used for another request. Use a new key for a new request.")
}
