package sqlstore

import (
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// erasures erases persons; what it does with which column stands in traces.go.
type erasures struct {
	c  conn
	tx *tx // nil in a view
}

const subjectColumns = personColumns + `, seq, erased_at, keep_until, record`

func readSubject(scan func(...any) error) (s kyc.Subject, err error) {
	var erased, keep int64
	s.Person, err = readPerson(func(dest ...any) error {
		return scan(append(dest, &s.Seq, &erased, &keep, &s.Record)...)
	})
	s.ErasedAt, s.KeepUntil = at(erased), at(keep)
	return s, err
}

func (s erasures) Subject(personID string) (kyc.Subject, error) {
	return must(s.c, "Solaris::Person", personID, readSubject,
		`SELECT `+subjectColumns+` FROM persons WHERE id = $1`+s.c.forUpdate(), personID)
}

func (s erasures) Behind(seq int64, limit int) ([]kyc.Subject, error) {
	return many(s.c, readSubject, `SELECT `+subjectColumns+` FROM persons WHERE seq > $1 ORDER BY seq LIMIT $2`, seq, limit)
}

func (s erasures) Customer(personID string) (bool, error) {
	_, ok, err := one(s.c, readInt, `SELECT 1 FROM history WHERE person_id = $1 AND outcome <> '' AND outcome = 'successful' LIMIT 1`, personID)
	return ok, err
}

func (s erasures) Forgotten(identificationID string) (bool, error) {
	partner, ok, err := one(s.c, readText, `SELECT partner_id FROM identifications WHERE id = $1`, identificationID)
	return ok && partner == "", err
}

func (s erasures) Identifications(personID string) ([]kyc.Identification, error) {
	return many(s.c, readIdentification, `SELECT `+identificationColumns+` FROM identifications WHERE person_id = $1 ORDER BY seq`+
		s.c.forUpdate(), personID)
}

func (s erasures) Documents(personID string) ([]kyc.Document, error) {
	return many(s.c, readDocument, `SELECT `+documentColumns+` FROM documents WHERE person_id = $1 ORDER BY seq`, personID)
}

func (s erasures) Blank(personID string) error {
	s.tx.scrub = true
	err := s.c.exec(`UPDATE persons SET erased_at = $2, version = version + 1 WHERE id = $1`, personID, us(s.tx.Now()))
	if err != nil {
		return err
	}
	if err := s.c.exec(`UPDATE identifications SET version = version + 1 WHERE person_id = $1`, personID); err != nil {
		return err
	}
	if err := s.unqueue(personID); err != nil {
		return err
	}
	if err := s.claimAnswers(personID); err != nil {
		return err
	}
	if err := (replays{s.c}).disguise(personID); err != nil {
		return err
	}
	for _, t := range traces {
		if err := s.apply(personID, t, t.blanked, t.dropped); err != nil {
			return err
		}
	}
	return nil
}

// unqueue drops jobs, and notifications that are still to be sent. These are
// locked before their attempts are looked for, so that none is added meanwhile.
func (s erasures) unqueue(personID string) error {
	kinds := make([]string, len(kyc.PersonalJobs))
	for n, kind := range kyc.PersonalJobs {
		kinds[n] = `'` + string(kind) + `'`
	}
	const queued = `SELECT id FROM notifications WHERE state = 'queued' AND entity_id IN (` + entities + `)`
	for _, text := range []string{
		`DELETE FROM jobs WHERE kind IN (` + strings.Join(kinds, ", ") + `) AND key IN (` + entities + `)`,
		`UPDATE notifications SET body = '' WHERE entity_id IN (` + entities + `)`,
		`DELETE FROM jobs WHERE kind = 'deliver' AND key IN (` + queued + `)`,
		`DELETE FROM attempts WHERE notification_id IN (` + queued + `)`,
		`DELETE FROM notifications WHERE state = 'queued' AND entity_id IN (` + entities + `)`,
	} {
		if err := s.c.exec(text, personID); err != nil {
			return err
		}
	}
	return nil
}

// claimAnswers writes whose they are on the stored answers that do not say so:
// those of a server of before 0008. They begin with {"id":" and an id of 36
// characters, the person's or that of one of its identifications.
func (s erasures) claimAnswers(personID string) error {
	ids, err := many(s.c, readText, `SELECT id FROM persons WHERE id = $1 UNION ALL SELECT id FROM identifications WHERE person_id = $1`, personID)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(ids, chunk) {
		args := make([]any, 1, 1+chunk)
		args[0] = personID
		for n := range chunk {
			args = append(args, []byte(part[min(n, len(part)-1)]))
		}
		err := s.c.exec(`UPDATE replays SET person_id = $1 WHERE person_id = '' AND substr(body, 8, 36) IN (`+placeholders(2, chunk)+`)`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// apply blanks the columns of a table's rows, or drops the rows.
func (s erasures) apply(personID string, t trace, blanks []string, drop bool) error {
	switch {
	case drop:
		return s.c.exec(`DELETE FROM `+t.table+` WHERE `+t.rows, personID)
	case len(blanks) > 0:
		return s.c.exec(`UPDATE `+t.table+` SET `+strings.Join(blanks, ", ")+` WHERE `+t.rows, personID)
	}
	return nil
}

func (s erasures) Keep(personID string, record []byte, until time.Time) error {
	return s.c.exec(`UPDATE persons SET record = $2, keep_until = $3 WHERE id = $1`, personID, record, us(until))
}

func (s erasures) Destroy(personID string) ([]string, error) {
	s.tx.scrub = true
	blobs, err := many(s.c, readText, `SELECT blob FROM documents WHERE person_id = $1 AND blob <> ''
		UNION SELECT archive FROM findings WHERE archive <> '' AND identification_id IN (SELECT id FROM identifications WHERE person_id = $1)`, personID)
	if err != nil {
		return nil, err
	}
	for _, t := range traces {
		if err := s.apply(personID, t, t.sealed, t.droppedLast); err != nil {
			return nil, err
		}
	}
	return blobs, nil
}
