package flow

import (
	"errors"
	"slices"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// evidenceRefused is the history's event of an archive that breaks the rules.
const evidenceRefused = "evidence_refused"

// brokenRule says which rule the archive broke that err is about; "" if it is
// about none.
func brokenRule(err error) string {
	var bad *provider.BadArchive
	if errors.As(err, &bad) {
		return bad.Rule
	}
	return ""
}

// recordRefused writes into the history that an archive was refused: once for
// each rule, however often it is fetched again.
func recordRefused(tx kyc.Tx, id, rule string) error {
	if rule == "" {
		return nil
	}
	i, err := tx.Identifications().Get(id)
	if err != nil {
		return err
	}
	e := kyc.Entry{
		PartnerID: i.PartnerID, PersonID: i.PersonID, IdentificationID: i.ID, At: tx.Now(), Actor: byProvider,
		Event: evidenceRefused, From: i.State, To: i.State, Details: details(map[string]any{"rule": rule}),
	}
	before, err := tx.History().OfPerson(i.PersonID)
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(before, func(b kyc.Entry) bool {
		return b.IdentificationID == i.ID && b.Event == e.Event && b.Details == e.Details
	})
	if known {
		return nil
	}
	return tx.History().Add(e)
}
