package sqlstore

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

type jobs struct {
	c  conn
	tx *tx // nil in a view
}

const jobColumns = `seq, kind, key, owner, lane, blocking, due_at, attempt, generation`

// free is true for a job that no earlier one of its lane holds back.
const free = ` (j.lane = '' OR NOT EXISTS (SELECT 1 FROM jobs p WHERE p.lane = j.lane AND p.blocking AND p.lane <> '' AND p.seq < j.seq)) `

func readJob(scan func(...any) error) (j kyc.Job, err error) {
	var dueAt int64
	err = scan(&j.Seq, &j.Kind, &j.Key, &j.Owner, &j.Lane, &j.Blocking, &dueAt, &j.Attempt, &j.Generation)
	j.DueAt = at(dueAt)
	return j, err
}

// among lists kinds for SQL. Kinds are constants of ours, never input.
func among(kinds []kyc.JobKind) string {
	quoted := make([]string, len(kinds))
	for i, k := range kinds {
		quoted[i] = "'" + string(k) + "'"
	}
	return ` kind IN (` + strings.Join(quoted, ", ") + `) `
}

func (s jobs) Find(kind kyc.JobKind, key string) (kyc.Job, bool, error) {
	return one(s.c, readJob, `SELECT `+jobColumns+` FROM jobs WHERE kind = $1 AND key = $2`, string(kind), key)
}

func (s jobs) NextDue(kinds []kyc.JobKind, wall time.Time) (time.Time, bool, error) {
	n, ok, err := one(s.c, readInt, `SELECT j.due_at FROM jobs j WHERE`+among(kinds)+`AND j.lease_until <= $1 AND`+free+
		`ORDER BY j.due_at, j.seq LIMIT 1`, us(wall))
	return at(n), ok, err
}

func (s jobs) Add(j kyc.Job) error {
	s.tx.addedWork = true
	return s.c.exec(`INSERT INTO jobs (kind, key, owner, lane, blocking, due_at, lease_until, attempt, generation)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 1)
		ON CONFLICT (kind, key) DO UPDATE SET generation = jobs.generation + 1,
			due_at = CASE WHEN excluded.due_at < jobs.due_at THEN excluded.due_at ELSE jobs.due_at END`,
		string(j.Kind), j.Key, j.Owner, j.Lane, j.Blocking, us(j.DueAt))
}

func (s jobs) AddLeased(j kyc.Job, wallUntil time.Time) (kyc.Job, bool, error) {
	return one(s.c, readJob, `INSERT INTO jobs (kind, key, owner, lane, blocking, due_at, lease_until, attempt, generation)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 1) ON CONFLICT (kind, key) DO NOTHING RETURNING `+jobColumns,
		string(j.Kind), j.Key, j.Owner, j.Lane, j.Blocking, us(j.DueAt), us(wallUntil))
}

func (s jobs) Lease(kinds []kyc.JobKind, due, wall, wallUntil time.Time, limit int) ([]kyc.Job, error) {
	leased, err := many(s.c, readJob, `UPDATE jobs SET lease_until = $1 WHERE seq IN (
		SELECT j.seq FROM jobs j WHERE`+among(kinds)+`AND j.due_at <= $2 AND j.lease_until <= $3 AND`+free+
		`ORDER BY j.due_at, j.seq LIMIT $4`+s.tx.dialect.skipLocked+`) RETURNING `+jobColumns,
		us(wallUntil), us(due), us(wall), limit)
	slices.SortFunc(leased, func(a, b kyc.Job) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.Seq, b.Seq))
	})
	return leased, err
}

func (s jobs) Take(kind kyc.JobKind, key string, wall, wallUntil time.Time) (kyc.Job, bool, error) {
	return one(s.c, readJob, `UPDATE jobs SET lease_until = $1
		WHERE kind = $2 AND key = $3 AND lease_until <= $4 RETURNING `+jobColumns,
		us(wallUntil), string(kind), key, us(wall))
}

func (s jobs) Done(j kyc.Job) error {
	err := s.c.exec(`DELETE FROM jobs WHERE seq = $1 AND kind = $2 AND key = $3 AND generation = $4`,
		j.Seq, string(j.Kind), j.Key, j.Generation)
	if err != nil {
		return err
	}
	s.tx.addedWork = true // the next of its lane may go, and so may this one if it was asked for again
	return s.c.exec(`UPDATE jobs SET lease_until = 0 WHERE seq = $1 AND kind = $2 AND key = $3`, j.Seq, string(j.Kind), j.Key)
}

func (s jobs) PutOff(j kyc.Job, due time.Time) error {
	s.tx.addedWork = true
	return s.c.exec(`UPDATE jobs SET lease_until = 0, attempt = attempt + 1, blocking = $5,
		due_at = CASE WHEN generation = $4 THEN $6 ELSE due_at END WHERE seq = $1 AND kind = $2 AND key = $3`,
		j.Seq, string(j.Kind), j.Key, j.Generation, j.Blocking, us(due))
}

func (s jobs) Park(owner string, parked bool) error {
	s.tx.addedWork = true
	if parked {
		return s.c.exec(`UPDATE jobs SET due_at = $2 WHERE owner = $1`, owner, us(kyc.Never))
	}
	return s.c.exec(`UPDATE jobs SET due_at = $2 WHERE owner = $1 AND due_at = $3`, owner, us(s.tx.Now()), us(kyc.Never))
}

func (s jobs) VoidLeases() error {
	return s.c.exec(`UPDATE jobs SET lease_until = 0 WHERE lease_until > 0`)
}
