package sqlstore

import (
	"errors"
	"slices"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

const rollbackTime = 5 * time.Second

var (
	errClosed   = errors.New("sqlstore: the store is closed")
	errReadOnly = errors.New("sqlstore: a view cannot write")
)

// conflict is what a race that stays lost looks like from outside.
func conflict(cause error) error {
	return &kyc.Error{
		Kind: kyc.Conflict, Code: "record_not_unique", Cause: cause,
		Detail: "Somebody else changed this at the same time. Read it again and retry.",
	}
}

// view reads; its sub-stores are the same types that write inside a tx.
type view struct{ c conn }

func (v view) Partners() kyc.PartnerReader                     { return partners(v) }
func (v view) Persons() kyc.PersonReader                       { return persons(v) }
func (v view) Identifications() kyc.IdentificationReader       { return identifications(v) }
func (v view) Documents() kyc.DocumentReader                   { return documents(v) }
func (v view) Subscriptions() kyc.SubscriptionReader           { return subscriptions(v) }
func (v view) Outbox() kyc.OutboxReader                        { return outbox(v) }
func (v view) Jobs() kyc.JobReader                             { return jobs{c: v.c} }
func (v view) History() kyc.HistoryReader                      { return history(v) }
func (v view) Findings() kyc.FindingReader                     { return findings(v) }
func (v view) Replays() kyc.ReplayReader                       { return replays(v) }
func (v view) Settings() kyc.SettingReader                     { return settings(v) }
func (v view) ChangeRequests() kyc.ChangeRequestReader         { return changeRequests(v) }
func (v view) MobileNumbers() kyc.MobileNumberReader           { return mobileNumbers(v) }
func (v view) Messages() kyc.MessageReader                     { return messages{c: v.c} }
func (v view) TaxIdentifications() kyc.TaxIdentificationReader { return taxIdentifications(v) }
func (v view) Originations() kyc.OriginationReader             { return originations(v) }
func (v view) Signings() kyc.SigningReader                     { return signings(v) }
func (v view) Consents() kyc.ConsentReader                     { return consents(v) }
func (v view) Erasures() kyc.ErasureReader                     { return erasures{c: v.c} }

// tx is one transaction.
type tx struct {
	view
	opts    *Options
	dialect *dialect
	now     time.Time
	added   []kyc.JobKind // the kinds of which there may be work now
	scrub   bool          // something was erased: no old copy of it may stay
}

func (t *tx) adds(kind kyc.JobKind) {
	if !slices.Contains(t.added, kind) {
		t.added = append(t.added, kind)
	}
}

func (t *tx) Now() time.Time                             { return t.now.Truncate(time.Microsecond) }
func (t *tx) Partners() kyc.Partners                     { return partners(t.view) }
func (t *tx) Persons() kyc.Persons                       { return persons(t.view) }
func (t *tx) Identifications() kyc.Identifications       { return identifications(t.view) }
func (t *tx) Documents() kyc.Documents                   { return documents(t.view) }
func (t *tx) Subscriptions() kyc.Subscriptions           { return subscriptions(t.view) }
func (t *tx) Outbox() kyc.Outbox                         { return outbox(t.view) }
func (t *tx) Jobs() kyc.Jobs                             { return jobs{c: t.c, tx: t} }
func (t *tx) History() kyc.History                       { return history(t.view) }
func (t *tx) Findings() kyc.Findings                     { return findings(t.view) }
func (t *tx) Replays() kyc.Replays                       { return replays(t.view) }
func (t *tx) Settings() kyc.Settings                     { return settings(t.view) }
func (t *tx) ChangeRequests() kyc.ChangeRequests         { return changeRequests(t.view) }
func (t *tx) MobileNumbers() kyc.MobileNumbers           { return mobileNumbers(t.view) }
func (t *tx) Messages() kyc.Messages                     { return messages{c: t.c, tx: t} }
func (t *tx) TaxIdentifications() kyc.TaxIdentifications { return taxIdentifications(t.view) }
func (t *tx) Originations() kyc.Originations             { return originations(t.view) }
func (t *tx) Signings() kyc.Signings                     { return signings(t.view) }
func (t *tx) Consents() kyc.Consents                     { return consents(t.view) }
func (t *tx) Erasures() kyc.Erasures                     { return erasures{c: t.c, tx: t} }

// NewID draws the next identifier. The position of a seeded sequence moves in
// this very transaction, so a crash or a roll-back loses none.
func (t *tx) NewID(suffix string) (string, error) {
	if !t.opts.Sequenced {
		return t.opts.NewID(suffix, 0), nil
	}
	n, _, err := one(t.c, readInt, `INSERT INTO sequences (name, pos) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET pos = sequences.pos + 1 RETURNING pos`, suffix)
	if err != nil {
		return "", err
	}
	return t.opts.NewID(suffix, n), nil
}
