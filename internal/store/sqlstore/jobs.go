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

const jobColumns = `seq, kind, key, owner, lane, blocking, due_at, attempt, generation, lease_until`

// free is true for a job that no earlier one of its lane holds back.
const free = ` (j.lane = '' OR NOT EXISTS (SELECT 1 FROM jobs p WHERE p.lane = j.lane AND p.blocking AND p.lane <> '' AND p.seq < j.seq)) `

func readJob(scan func(...any) error) (j kyc.Job, err error) {
	var dueAt, lease int64
	err = scan(&j.Seq, &j.Kind, &j.Key, &j.Owner, &j.Lane, &j.Blocking, &dueAt, &j.Attempt, &j.Generation, &lease)
	j.DueAt, j.LeaseUntil = at(dueAt), at(lease)
	return j, err
}

// among is the condition for jobs that q looks for; its arguments begin at $1.
// Kinds are constants of ours, never input.
func among(q kyc.Due) (string, []any) {
	quoted := make([]string, len(q.Kinds))
	for i, k := range q.Kinds {
		quoted[i] = "'" + string(k) + "'"
	}
	cond := ` j.kind IN (` + strings.Join(quoted, ", ") + `) AND j.lease_until <= $1 AND` + free
	if len(q.Except) > 0 {
		cond += `AND j.owner NOT IN (` + placeholders(2, len(q.Except)) + `) `
	}
	return cond, append([]any{us(q.Wall)}, anys(q.Except)...)
}

func (s jobs) Find(kind kyc.JobKind, key string) (kyc.Job, bool, error) {
	return one(s.c, readJob, `SELECT `+jobColumns+` FROM jobs WHERE kind = $1 AND key = $2`, string(kind), key)
}

func (s jobs) NextDue(q kyc.Due) (time.Time, bool, error) {
	cond, args := among(q)
	n, ok, err := one(s.c, readInt, `SELECT j.due_at FROM jobs j WHERE`+cond+`ORDER BY j.due_at, j.seq LIMIT 1`, args...)
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

func (s jobs) Lease(q kyc.Due, now, wallUntil time.Time, limit int) ([]kyc.Job, error) {
	cond, args := among(q)
	n := len(args)
	leased, err := many(s.c, readJob, `UPDATE jobs SET lease_until = `+placeholders(n+1, 1)+` WHERE seq IN (
		SELECT j.seq FROM jobs j WHERE`+cond+`AND j.due_at <= `+placeholders(n+2, 1)+
		` ORDER BY j.due_at, j.seq LIMIT `+placeholders(n+3, 1)+s.tx.dialect.skipLocked+`) RETURNING `+jobColumns,
		append(args, us(wallUntil), us(now), limit)...)
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
	err := s.c.exec(`DELETE FROM jobs WHERE seq = $1 AND kind = $2 AND key = $3 AND lease_until = $4 AND generation = $5`,
		j.Seq, string(j.Kind), j.Key, us(j.LeaseUntil), j.Generation)
	if err != nil {
		return err
	}
	s.tx.addedWork = true // the next of its lane may go, and so may this one if it was asked for again
	return s.c.exec(`UPDATE jobs SET lease_until = 0 WHERE seq = $1 AND kind = $2 AND key = $3 AND lease_until = $4`,
		j.Seq, string(j.Kind), j.Key, us(j.LeaseUntil))
}

func (s jobs) PutOff(j kyc.Job, due time.Time) error {
	s.tx.addedWork = true
	return s.c.exec(`UPDATE jobs SET lease_until = 0, attempt = attempt + 1, blocking = $5,
		due_at = CASE WHEN generation = $4 THEN $6 ELSE due_at END WHERE seq = $1 AND kind = $2 AND key = $3 AND lease_until = $7`,
		j.Seq, string(j.Kind), j.Key, j.Generation, j.Blocking, us(due), us(j.LeaseUntil))
}

func (s jobs) Park(owner string, parked bool) error {
	s.tx.addedWork = true
	if parked {
		return s.c.exec(`UPDATE jobs SET due_at = $2 WHERE owner = $1`, owner, us(kyc.Never))
	}
	return s.c.exec(`UPDATE jobs SET due_at = 0 WHERE owner = $1 AND due_at = $2`, owner, us(kyc.Never)) // overdue on any clock
}

func (s jobs) VoidLeases() error {
	return s.c.exec(`UPDATE jobs SET lease_until = 0 WHERE lease_until > 0`)
}
