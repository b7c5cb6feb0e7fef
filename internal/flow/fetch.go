package flow

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// Polling is the safety net for pushes that never came (rulings §5).
const (
	firstPoll = 15 * time.Minute
	mostPoll  = 6 * time.Hour
)

// pollAt puts polls on full minutes, so that those of many identifications are
// done together.
func pollAt(t time.Time) time.Time { return t.Truncate(time.Minute).Add(time.Minute) }

// Notice says that a firm has something to tell about an identification. What
// it claims is not believed: a job asks the firm. Of somebody who was erased
// there is nothing to ask about, and no reason for the firm to tell it again.
func (s *Service) Notice(ctx context.Context, id string) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		_, err := tx.Identifications().Get(id)
		if kyc.IsKind(err, kyc.NotFound) {
			forgotten, e := tx.Erasures().Forgotten(id)
			if forgotten || e != nil {
				return e
			}
		}
		if err != nil {
			return err
		}
		return tx.Jobs().Add(kyc.Job{Kind: kyc.FetchResult, Key: id, DueAt: tx.Now()})
	})
}

// FetchResult is the job that asks the firm and takes its answer in.
func (s *Service) FetchResult(ctx context.Context, j kyc.Job) error {
	err := s.fetch(ctx, j.Key, func(tx kyc.Tx, _ kyc.Identification) error { return tx.Jobs().Done(j) })
	after, not := notCalled(err)
	switch again := notNow(err); {
	case not, again && j.Attempt < maxStarts:
		return s.Store.Tx(ctx, func(tx kyc.Tx) error {
			if not {
				return tx.Jobs().Wait(j, tx.Now().Add(after))
			}
			return tx.Jobs().PutOff(j, tx.Now().Add(soon(j)))
		})
	case again, kyc.IsKind(err, kyc.NotFound): // nothing to ask about any more; polls go on
		return s.Store.Tx(ctx, func(tx kyc.Tx) error { return tx.Jobs().Done(j) })
	}
	return err
}

// notNow tells whether asking again in a moment will do.
func notNow(err error) bool { return errors.Is(err, errMoved) || errors.Is(err, errTooEarly) }

func soon(j kyc.Job) time.Duration { return kyc.Backoff(j.Attempt/8, time.Second, time.Minute) }

// PollResult is the job that asks without having been told to, ever more rarely.
func (s *Service) PollResult(ctx context.Context, j kyc.Job) error {
	settle := func(tx kyc.Tx, i kyc.Identification) error {
		if s.over(i, tx.Now()) {
			return tx.Jobs().Done(j)
		}
		return tx.Jobs().PutOff(j, pollAt(tx.Now().Add(kyc.Backoff(j.Attempt+1, firstPoll, mostPoll))))
	}
	err := s.fetch(ctx, j.Key, settle)
	if err == nil {
		return nil
	}
	_, not := notCalled(err)
	if !not {
		s.Log.Warn("a poll failed", "identification", j.Key, "attempt", j.Attempt, "error", kyc.Brief(err))
	}
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		i, err := tx.Identifications().Get(j.Key)
		if err != nil {
			return err
		}
		if not && !s.over(i, tx.Now()) {
			return tx.Jobs().Wait(j, pollAt(tx.Now().Add(firstPoll)))
		}
		return settle(tx, i)
	})
}

// over tells whether there is nothing left to wait for: a final state, or the
// link's lifetime is past and no review is open.
func (s *Service) over(i kyc.Identification, now time.Time) bool {
	if !s.asksProvider(i) && i.State != kyc.Processed {
		return true
	}
	return now.After(i.LinkExpiresAt) && !i.State.UnderReview()
}

// settlement settles a job in the transaction of its effects. seen is the
// identification as it was before the firm was asked.
type settlement func(tx kyc.Tx, seen kyc.Identification) error

// fetch asks the firm how the identification stands and takes the answer in.
func (s *Service) fetch(ctx context.Context, id string, settle settlement) error {
	i, err := s.identification(ctx, id)
	if err != nil {
		return err
	}
	if !s.asksProvider(i) && s.Rules[i.Method].Signs() {
		return s.Store.Tx(ctx, func(tx kyc.Tx) error { return settle(tx, i) })
	}
	adapter, err := s.adapterFor(ctx, i)
	if err != nil {
		return err
	}
	finding, err := adapter.Poller.Poll(ctx, refOf(i))
	if errors.Is(err, provider.ErrNoResult) {
		return s.Store.Tx(ctx, func(tx kyc.Tx) error { return settle(tx, i) })
	}
	if err != nil {
		return err
	}
	var kept evidence
	var lacking bool
	var flawed string
	to, news, err := s.wouldMove(ctx, i, finding)
	if err != nil {
		return err
	}
	switch {
	case news && to == kyc.AuthorizationRequired:
		if kept, err = s.bankReport(ctx, i, finding); err != nil {
			return err
		}
	case news && to == kyc.Successful:
		if kept, err = s.gatherNow(ctx, adapter, i, finding); err != nil {
			s.Log.Warn("the provider's evidence is not to be had yet", "identification", i.ID, "error", kyc.Brief(err))
			lacking, flawed = true, brokenRule(err)
		}
	}
	return s.apply(ctx, i, finding, kept, func(tx kyc.Tx) error {
		if lacking {
			err := tx.Jobs().Add(kyc.Job{Kind: kyc.FetchEvidence, Key: i.ID, DueAt: tx.Now().Add(time.Minute)})
			if err != nil {
				return err
			}
		}
		if err := recordRefused(tx, i.ID, flawed); err != nil {
			return err
		}
		return settle(tx, i)
	})
}

func refOf(i kyc.Identification) provider.Ref {
	return provider.Ref{Identification: i.ID, Handle: i.Handle}
}

// wouldMove tells where the finding leads and whether it is news: the files that
// come with a state are made before it is taken in.
func (s *Service) wouldMove(ctx context.Context, i kyc.Identification, f provider.Finding) (to kyc.State, news bool, err error) {
	to, ok := s.Rules[i.Method].Machine.Next(i.State, f.Event)
	if !ok {
		return to, false, nil
	}
	var known bool
	err = s.Store.View(ctx, func(v kyc.View) (err error) {
		known, err = v.Findings().Known(i.ID, f.Fingerprint)
		return err
	})
	return to, !known, err
}

// gatherNow gathers within a while that leaves time to write the result itself.
func (s *Service) gatherNow(ctx context.Context, a provider.Adapter, i kyc.Identification, f provider.Finding) (evidence, error) {
	ctx, cancel := context.WithTimeout(ctx, evidencePatience)
	defer cancel()
	return s.gather(ctx, a, i, f)
}

const (
	evidencePatience = 30 * time.Second
	maxEvidenceTries = 48 // over ten days or so, then the firm does not have it any more
)

// FetchEvidence is the job that downloads evidence which was not to be had when
// the result came.
func (s *Service) FetchEvidence(ctx context.Context, j kyc.Job) error {
	err := s.fetchEvidence(ctx, j)
	if err == nil {
		return nil
	}
	after, not := notCalled(err)
	last := j.Attempt >= maxEvidenceTries && !not
	if !not {
		s.Log.Error("evidence is not to be had", "identification", j.Key, "attempt", j.Attempt, "given_up", last, "error", kyc.Brief(err))
	}
	return s.Store.Tx(context.WithoutCancel(ctx), func(tx kyc.Tx) error {
		if err := recordRefused(tx, j.Key, brokenRule(err)); err != nil {
			return err
		}
		if not {
			return tx.Jobs().Wait(j, tx.Now().Add(after))
		}
		if last {
			return tx.Jobs().Done(j)
		}
		return tx.Jobs().PutOff(j, tx.Now().Add(kyc.Backoff(j.Attempt, time.Minute, mostPoll)))
	})
}

func (s *Service) fetchEvidence(ctx context.Context, j kyc.Job) error {
	i, err := s.identification(ctx, j.Key)
	if err != nil {
		return err
	}
	adapter, err := s.adapterFor(ctx, i)
	if err != nil {
		return err
	}
	finding, err := adapter.Poller.Poll(ctx, refOf(i))
	if err != nil && !errors.Is(err, provider.ErrNoResult) {
		return err
	}
	var kept evidence
	if err == nil && i.State == kyc.Successful && finding.Event == kyc.Succeeded {
		if kept, err = s.gather(ctx, adapter, i, finding); err != nil {
			return err
		}
	}
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if err := keepEvidence(tx, i, finding, kept); err != nil {
			return err
		}
		return tx.Jobs().Done(j)
	})
}

// keepEvidence writes evidence that came late: not for an identification that is
// successful no more, and not twice.
func keepEvidence(tx kyc.Tx, seen kyc.Identification, f provider.Finding, kept evidence) error {
	i, err := tx.Identifications().Get(seen.ID)
	if err != nil {
		return err
	}
	records, err := tx.Findings().OfIdentification(i.ID)
	if err != nil {
		return err
	}
	lacking := slices.ContainsFunc(records, func(r kyc.FindingRecord) bool { return r.Fingerprint == f.Fingerprint && r.Archive == "" })
	if !lacking || i.State != kyc.Successful || len(kept.documents) == 0 {
		return nil
	}
	if err := insertDocuments(tx, kept.documents); err != nil {
		return err
	}
	return tx.Findings().SetArchive(i.ID, f.Fingerprint, kept.archive)
}
