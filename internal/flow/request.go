package flow

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// providerDeadline bounds one call to a provider; it is shorter than a lease.
const providerDeadline = 40 * time.Second

// maxStarts is how often a start is tried before the intent is given up.
const maxStarts = 200

// Request asks the provider to begin. One transaction writes the intent, the
// status stays; the same job that recovers after a crash then calls the
// provider, run here and now because the partner needs the URL. Asking again
// while an intent is there joins it.
func (s *Service) Request(ctx context.Context, partnerID, personID, id string, body map[string]any) (kyc.Identification, error) {
	deadline := s.Wall.Now().Add(s.RequestDeadline)
	given, err := s.readRequest(ctx, partnerID, body)
	if err != nil {
		return kyc.Identification{}, err
	}
	for {
		i, j, mine, err := s.intend(ctx, partnerID, personID, id, given)
		if err != nil || i.State == kyc.Pending {
			return i, err
		}
		if mine {
			return s.runStart(ctx, i.ID, j, deadline)
		}
		if err := s.waitForStart(ctx, id, deadline); err != nil {
			return i, err
		}
	}
}

// requestBody is what a request carries. Whether the secret is right is found
// out beforehand, since the slow hash has no place in a transaction.
type requestBody struct {
	deviceData  string
	wrongSecret bool
	broken      []kyc.FieldError
}

func (s *Service) readRequest(ctx context.Context, partnerID string, body map[string]any) (requestBody, error) {
	var partner kyc.Partner
	err := s.Store.View(ctx, func(v kyc.View) (err error) {
		partner, err = v.Partners().Get(partnerID)
		return err
	})
	f := &fields{body: body}
	given := requestBody{deviceData: f.deviceData()}
	if len(partner.IdentSecretHash) > 0 && err == nil { // otherwise any value is ignored
		var same bool
		same, err = sameSecret(ctx, f.text("secret", 255), partner.IdentSecretHash)
		given.wrongSecret = !same
	}
	given.broken = f.broken
	return given, err
}

// waitForStart waits until nobody is starting the session any more.
func (s *Service) waitForStart(ctx context.Context, id string, deadline time.Time) error {
	for {
		if s.Wall.Now().After(deadline) {
			return errTooSlow
		}
		var j kyc.Job
		var waiting bool
		err := s.Store.View(ctx, func(v kyc.View) (err error) {
			j, waiting, err = v.Jobs().Find(kyc.StartSession, id)
			return err
		})
		if err != nil || !waiting || !j.LeaseUntil.After(s.Wall.Now()) {
			return err
		}
		if err := wait(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

var errTooSlow = kyc.Fail(kyc.Timeout, "gateway_timeout",
	"The identification provider did not answer in time. The request goes on by itself; ask again to join it.")

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// intend checks that the request may be made and takes the intent. mine is
// false when somebody else is carrying it out at this moment.
func (s *Service) intend(ctx context.Context, partnerID, personID, id string, given requestBody) (i kyc.Identification, j kyc.Job, mine bool, err error) {
	err = s.Store.Tx(ctx, func(tx kyc.Tx) error {
		j, mine = kyc.Job{}, false // it may run more than once
		if i, err = tx.Identifications().Find(partnerID, personID, id); err != nil {
			return err
		}
		if err := kyc.InvalidFields(given.broken); err != nil {
			return err
		}
		if given.wrongSecret {
			return kyc.Fail(kyc.Unprocessable, "invalid_secret", "Invalid Secret submitted")
		}
		if err := s.mayRequest(tx, i); err != nil || i.State == kyc.Pending {
			return err
		}
		wall := s.Wall.Now()
		start := kyc.Job{Kind: kyc.StartSession, Key: i.ID, DueAt: tx.Now()}
		if j, mine, err = tx.Jobs().AddLeased(start, wall.Add(kyc.JobLease)); err == nil && !mine {
			j, mine, err = tx.Jobs().Take(kyc.StartSession, i.ID, wall, wall.Add(kyc.JobLease))
		}
		if err != nil || !mine || given.deviceData == "" {
			return err
		}
		if i.DeviceData, err = s.sealDeviceData(tx, i, given.deviceData); err != nil {
			return err
		}
		return tx.Identifications().Update(i)
	})
	return i, j, mine, err
}

// mayRequest checks the state, then the right (rulings §1).
func (s *Service) mayRequest(tx kyc.Tx, i kyc.Identification) error {
	rules, built := s.Rules[i.Method]
	if !built {
		return errNotAllowed
	}
	if len(rules.CountsAsRepeated) > 0 && i.State == kyc.Created {
		again, err := tx.Identifications().Succeeded(i.PersonID, rules.CountsAsRepeated...)
		if err != nil {
			return err
		}
		if again {
			return kyc.Fail(kyc.Unprocessable, "unprocessable_entity", "The person is identified successfully by this way already. There is nothing more to do.")
		}
	}
	if _, ok := rules.Machine.Next(i.State, kyc.Requested); !ok && i.State != kyc.Pending {
		return wrongState(i.State, rules.Machine, kyc.Requested)
	}
	if !i.LinkExpiresAt.IsZero() && !tx.Now().Before(i.LinkExpiresAt) && i.State != kyc.Pending {
		return kyc.Fail(kyc.PreconditionFailed, "invalid_identification_status",
			"The identification is '%s' and the lifetime of its link is over. Create a new identification.", i.State)
	}
	p, err := tx.Partners().Get(i.PartnerID)
	if err != nil {
		return err
	}
	if !s.mayUse(p, i.Method) {
		return errNotAllowed
	}
	if i.State == kyc.Pending {
		return nil // asked for already: the same answer
	}
	n, err := tx.History().Unsuccessful(i.PersonID)
	if err == nil && n > kyc.MaxUnsuccessful {
		err = kyc.Fail(kyc.PreconditionFailed, "identification_attempts_exceeded", "There are more than %d unsuccessful attempts", kyc.MaxUnsuccessful)
	}
	return err
}

// wrongState is the 412 that names the state it is in and those it needs.
func wrongState(is kyc.State, m kyc.Machine, ev kyc.Event) error {
	if len(m.From(ev)) == 0 {
		return kyc.Fail(kyc.PreconditionFailed, "invalid_identification_status",
			"The identification is '%s'; its method knows no such step in any status.", is)
	}
	needed := make([]string, 0, 4)
	for _, s := range m.From(ev) {
		needed = append(needed, string(s))
	}
	if ev == kyc.Requested {
		needed = append(needed, string(kyc.Pending)) // asked for already: the same answer
	}
	return kyc.Fail(kyc.PreconditionFailed, "invalid_identification_status",
		"The identification is '%s'; this needs one of '%s'.", is, strings.Join(needed, "', '"))
}

// runStart carries the intent out for a partner who waits for it.
func (s *Service) runStart(ctx context.Context, id string, j kyc.Job, deadline time.Time) (kyc.Identification, error) {
	_, err := carryOut(ctx, s, deadline, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.start(ctx, j) })
	if err != nil {
		return kyc.Identification{}, err
	}
	return s.identification(ctx, id)
}

// carryOut does something at a provider for a partner who waits for it. The work
// goes on when the partner hangs up or the deadline passes.
func carryOut[T any](ctx context.Context, s *Service, deadline time.Time, do func(context.Context) (T, error)) (result T, err error) {
	type outcome struct {
		result T
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		s.starts.RLock()
		defer s.starts.RUnlock()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), providerDeadline)
		defer cancel()
		defer func() { // nobody else is there to catch it, and it would end the server
			if p := recover(); p != nil {
				s.Log.Error("a call to a provider panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				done <- outcome{err: errors.New("flow: a call to a provider panicked")}
			}
		}()
		result, err := do(ctx)
		done <- outcome{result, err}
	}()
	timer := time.NewTimer(deadline.Sub(s.Wall.Now()))
	defer timer.Stop()
	select {
	case o := <-done:
		return o.result, o.err
	case <-timer.C:
		return result, errTooSlow
	case <-ctx.Done():
		return result, ctx.Err()
	}
}

// WaitForStarts waits until no session is being started for a partner who asked
// for it; those that were given up by the partner go on too.
func (s *Service) WaitForStarts() {
	s.starts.Lock()
	defer s.starts.Unlock()
}

// StartSession is the job of an intent that nobody waits for.
func (s *Service) StartSession(ctx context.Context, j kyc.Job) error {
	err := s.start(ctx, j)
	if _, not := notCalled(err); err != nil && !not {
		s.Log.Warn("the provider did not start a session", "identification", j.Key, "attempt", j.Attempt, "error", kyc.Brief(err))
	}
	return nil // start has settled the job
}

// start calls the provider and writes what it says. It settles the job: done
// when accepted or refused, put off when the provider is in trouble.
func (s *Service) start(ctx context.Context, j kyc.Job) error {
	i, p, err := s.identificationAndPerson(ctx, j.Key)
	if err != nil {
		return s.putOff(ctx, j, err)
	}
	if _, ok := s.Rules[i.Method].Machine.Next(i.State, kyc.Requested); !ok {
		return s.Store.Tx(ctx, func(tx kyc.Tx) error { return tx.Jobs().Done(j) })
	}
	adapter, err := s.adapterFor(ctx, i)
	if err != nil {
		return s.putOff(ctx, j, err)
	}
	contracts, err := s.contractsOf(ctx, i)
	if err != nil {
		return s.putOff(ctx, j, err)
	}
	if err := s.matched(ctx, i, p); kyc.IsKind(err, kyc.PreconditionFailed) {
		return s.refused(context.WithoutCancel(ctx), i, j, err)
	} else if err != nil {
		return s.putOff(ctx, j, err)
	}
	order := provider.Order{
		Identification: i.ID, Language: i.Language, Person: p.Attributes, IBAN: i.IBAN, Contracts: contracts,
		ProofOfAddress: provider.Proof{Type: i.ProofOfAddressType, IssuedOn: i.ProofOfAddressIssuedAt},
	}
	if order.SuccessURL, order.FailureURL, err = s.waysBack(ctx, i); err != nil {
		return s.putOff(ctx, j, err)
	}
	session, err := adapter.Starter.Start(ctx, order)
	ctx = context.WithoutCancel(ctx)
	switch {
	case kyc.IsKind(err, kyc.Invalid):
		return s.refused(ctx, i, j, err)
	case err != nil:
		return s.putOff(ctx, j, err)
	}
	if err := s.accepted(ctx, j, session); err != nil {
		return s.putOff(ctx, j, err)
	}
	return nil
}

func (s *Service) identification(ctx context.Context, id string) (i kyc.Identification, err error) {
	err = s.Store.View(ctx, func(v kyc.View) error {
		i, err = v.Identifications().Get(id)
		return err
	})
	return i, err
}

func (s *Service) identificationAndPerson(ctx context.Context, id string) (i kyc.Identification, p kyc.Person, err error) {
	err = s.Store.View(ctx, func(v kyc.View) error {
		if i, err = v.Identifications().Get(id); err != nil {
			return err
		}
		p, err = v.Persons().Get(i.PartnerID, i.PersonID)
		return err
	})
	return i, p, err
}

// putOff keeps the intent for later and returns the trouble.
func (s *Service) putOff(ctx context.Context, j kyc.Job, trouble error) error {
	err := s.Store.Tx(context.WithoutCancel(ctx), func(tx kyc.Tx) error {
		if after, not := notCalled(trouble); not {
			return tx.Jobs().Wait(j, tx.Now().Add(after))
		}
		if j.Attempt >= maxStarts {
			return tx.Jobs().Done(j)
		}
		return tx.Jobs().PutOff(j, tx.Now().Add(kyc.Backoff(j.Attempt, 5*time.Second, 10*time.Minute)))
	})
	if err != nil {
		return fmt.Errorf("%w (and the intent could not be put off: %w)", trouble, err)
	}
	return trouble
}

// notCalled tells whether err says that the provider is not called at the
// moment, and when a job asks again: that is no attempt of anybody's.
func notCalled(err error) (after time.Duration, not bool) {
	var e *kyc.Error
	if errors.As(err, &e) && e.Kind == kyc.Unavailable {
		return max(e.RetryAfter, leastWait), true
	}
	return 0, false
}

// leastWait is how long jobs wait for a provider that is not called: there may
// be many of them, and one call is enough to find out.
const leastWait = 5 * time.Second

// refused takes the intent back: the identification stays as it is now, which
// may be another state than when the provider was asked.
func (s *Service) refused(ctx context.Context, i kyc.Identification, j kyc.Job, refusal error) error {
	err := s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if err := tx.Jobs().Done(j); err != nil {
			return err
		}
		i, err := tx.Identifications().Get(i.ID)
		if kyc.IsKind(err, kyc.NotFound) {
			return nil // its person was erased meanwhile
		}
		if err != nil {
			return err
		}
		err = tx.History().Add(kyc.Entry{
			PartnerID: i.PartnerID, PersonID: i.PersonID, IdentificationID: i.ID, At: tx.Now(), Actor: byProvider,
			RequestID: requestID(ctx), Event: "request_refused", From: i.State, To: i.State, Details: "{}",
		})
		if err != nil || i.State != kyc.Created {
			return err
		}
		return s.alterOrigination(tx, i, func(o *kyc.Origination) bool { o.Refuse(); return true })
	})
	if err != nil {
		return err
	}
	return refusal
}

// accepted writes pending, the reference, the link and what follows from it.
func (s *Service) accepted(ctx context.Context, j kyc.Job, session provider.Session) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		i, err := tx.Identifications().Get(j.Key)
		if err != nil {
			return err
		}
		rules := s.Rules[i.Method]
		to, ok := rules.Machine.Next(i.State, kyc.Requested)
		if !ok {
			return tx.Jobs().Done(j) // somebody else was faster
		}
		i.Reference, i.URL, i.Handle, i.EstimatedWaitingTime = session.Reference, session.URL, session.Handle, session.EstimatedWaiting
		if i.RequestedAt.IsZero() {
			i.RequestedAt, i.LinkExpiresAt = tx.Now(), tx.Now().Add(rules.LinkLifetime)
		}
		if err := s.move(ctx, tx, &i, kyc.Requested, to, byPartner, ""); err != nil {
			return err
		}
		if err := s.follow(tx, i, false); err != nil {
			return err
		}
		for _, next := range []kyc.Job{
			{Kind: kyc.Expire, Key: i.ID, DueAt: i.LinkExpiresAt},
			{Kind: kyc.PollResult, Key: i.ID, DueAt: pollAt(tx.Now().Add(firstPoll))},
		} {
			if err := tx.Jobs().Add(next); err != nil {
				return err
			}
		}
		return tx.Jobs().Done(j)
	})
}
