package flow

import (
	"context"
	"strconv"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

const (
	// staleSetting is the number of the last person of whom it is settled whether
	// they became a customer in time.
	staleSetting = "stale_persons_seen"
	// staleJob is the key of the one job that looks after all persons.
	staleJob = "persons"
	// staleBatch is how many persons one run of it looks at.
	staleBatch = 200
	// staleRest is how long it rests at least: erasing is up to so much late.
	staleRest = time.Minute
	// reviewWait is how long somebody is left alone whose identification is being
	// reviewed; linkGrace is how long after the end of their link.
	reviewWait = 24 * time.Hour
	linkGrace  = time.Hour
)

// ScheduleErasure makes sure that who does not become a customer is erased in
// time, if the installation is set to. Making a person costs no job for it: one
// job walks behind them, in the order of their creation.
func (s *Service) ScheduleErasure(ctx context.Context) error {
	if s.EraseAfter <= 0 {
		return nil // a job of an earlier setting ends by itself
	}
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		due := tx.Now().Add(s.EraseAfter) // of anybody who comes from now on
		seen, err := staleSeen(tx.Settings())
		if err != nil {
			return err
		}
		next, err := tx.Erasures().Behind(seen, 1)
		if err != nil {
			return err
		}
		if len(next) > 0 {
			due = next[0].CreatedAt.Add(s.EraseAfter)
		}
		return tx.Jobs().Add(kyc.Job{Kind: kyc.EraseStale, Key: staleJob, DueAt: due})
	})
}

func staleSeen(settings kyc.SettingReader) (int64, error) {
	text, known, err := settings.Get(staleSetting)
	if err != nil || !known {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// EraseStale is the job that erases who did not become a customer in time. Each
// person is a transaction of its own; what was seen is written down at the end,
// so after a crash some are looked at twice, and none is missed.
func (s *Service) EraseStale(ctx context.Context, j kyc.Job) error {
	seen, persons, err := s.behind(ctx)
	if err != nil {
		return err
	}
	if s.EraseAfter <= 0 { // a setting of before
		persons = nil
	}
	now := s.Clock.Now()
	next := now.Add(s.EraseAfter)
	for n, p := range persons {
		if due := p.CreatedAt.Add(s.EraseAfter); due.After(now) {
			next = laterOf(due, now.Add(staleRest))
			break
		}
		if _, err := s.erase(ctx, p.ID, order{actor: bySystem, ended: now, stale: true, settle: func(tx kyc.Tx, again time.Time) error {
			if again.IsZero() {
				return nil
			}
			return tx.Jobs().Add(kyc.Job{Kind: kyc.ErasePerson, Key: p.ID, DueAt: again})
		}}); err != nil {
			return err
		}
		if seen = p.Seq; n == staleBatch-1 {
			next = now // there may be more of them
		}
	}
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if s.EraseAfter <= 0 {
			return tx.Jobs().Done(j)
		}
		if err := tx.Settings().Put(staleSetting, strconv.FormatInt(seen, 10)); err != nil {
			return err
		}
		return tx.Jobs().PutOff(j, next)
	})
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// behind reads the persons that come next.
func (s *Service) behind(ctx context.Context) (seen int64, persons []kyc.Subject, err error) {
	err = s.Store.View(ctx, func(v kyc.View) error {
		if seen, err = staleSeen(v.Settings()); err == nil {
			persons, err = v.Erasures().Behind(seen, staleBatch)
		}
		return err
	})
	return seen, persons, err
}

// EraseStalePerson is the job of somebody whose identification was still open
// when their time was over.
func (s *Service) EraseStalePerson(ctx context.Context, j kyc.Job) error {
	_, err := s.erase(ctx, j.Key, order{actor: bySystem, ended: s.Clock.Now(), stale: true, settle: func(tx kyc.Tx, again time.Time) error {
		if again.IsZero() {
			return tx.Jobs().Done(j)
		}
		return tx.Jobs().PutOff(j, again)
	}})
	return err
}

// again is when to look at a person again who may still become a customer: an
// identification is being reviewed, or the link is good; zero if there is none.
func (s *Service) again(tx kyc.Tx, p kyc.Subject) (again time.Time, err error) {
	all, err := tx.Erasures().Identifications(p.ID)
	for _, i := range all {
		if len(s.Rules[i.Method].Machine.Moves[i.State]) == 0 || tx.Now().After(deadline(i)) && !i.State.UnderReview() {
			continue
		}
		until := deadline(i).Add(linkGrace)
		if i.State.UnderReview() {
			until = tx.Now().Add(reviewWait)
		}
		again = laterOf(again, until)
	}
	return again, err
}
