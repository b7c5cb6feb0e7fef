package sqlstore

import (
	"cmp"
	"fmt"
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

func readJob(scan func(...any) error) (j kyc.Job, err error) {
	var dueAt, lease int64
	err = scan(&j.Seq, &j.Kind, &j.Key, &j.Owner, &j.Lane, &j.Blocking, &dueAt, &j.Attempt, &j.Generation, &lease)
	j.DueAt, j.LeaseUntil = at(dueAt), at(lease)
	return j, err
}

// free is what holds of a job that can be leased: nobody has it, and none of its
// lane is before it. Its argument, $1, is the machine's time.
const free = ` j.lease_until <= $1 AND (j.lane = '' OR NOT EXISTS (
	SELECT 1 FROM jobs p WHERE p.lane = j.lane AND p.blocking AND p.lane <> '' AND p.seq < j.seq))`

// candidates is a SELECT of seq and due_at of the jobs that q looks for, in the
// order in which they fall due, as far as there is an order; more is a further
// condition, and limit how many are wanted. Its arguments begin at $1 with the
// machine's time.
//
// Each kind is looked for on its own. With Except it is each owner in turn.
// Kinds are constants of ours, never input.
func candidates(q kyc.Due, more, limit, lock string) (string, []any) {
	if len(q.Except) > 0 {
		seqs, args := ofOthers(q, "seq", more, lock)
		return `SELECT seq, due_at FROM jobs WHERE seq IN (` + seqs + `)`, args
	}
	each := make([]string, len(q.Kinds))
	for n, kind := range q.Kinds {
		each[n] = fmt.Sprintf(`SELECT seq, due_at FROM (SELECT j.seq, j.due_at FROM jobs j WHERE j.kind = '%s' AND%s
			ORDER BY j.due_at, j.seq LIMIT %s%s) AS k%d`, kind, free+more, limit, lock, n)
	}
	return strings.Join(each, ` UNION ALL `), []any{us(q.Wall)}
}

// ofOthers is a SELECT of a column of one job of each owner that is not excepted,
// the first that can be leased, or NULL: backlogs are not walked through. The
// CASE keeps the database from looking for the kind by its index, in which all of
// a backlog would be found, and sorted.
func ofOthers(q kyc.Due, column, more, lock string) (string, []any) {
	kinds := make([]string, len(q.Kinds))
	for n, kind := range q.Kinds {
		kinds[n] = `'` + string(kind) + `'`
	}
	return `
		WITH RECURSIVE owners(owner) AS (
			SELECT MIN(owner) FROM jobs WHERE owner <> ''
			UNION ALL
			SELECT (SELECT MIN(n.owner) FROM jobs n WHERE n.owner <> '' AND n.owner > o.owner) FROM owners o WHERE o.owner IS NOT NULL
		)
		SELECT (SELECT j.` + column + ` FROM jobs j WHERE j.owner = o.owner AND j.owner <> ''
			AND CASE WHEN j.kind IN (` + strings.Join(kinds, ", ") + `) THEN 1 END IS NOT NULL AND` + free + more + `
			ORDER BY j.due_at, j.seq LIMIT 1` + lock + `) AS ` + column + `
		FROM owners o WHERE o.owner IS NOT NULL AND o.owner NOT IN (` + placeholders(2, len(q.Except)) + `)`, append([]any{us(q.Wall)}, anys(q.Except)...)
}

func (s jobs) Find(kind kyc.JobKind, key string) (kyc.Job, bool, error) {
	return one(s.c, readJob, `SELECT `+jobColumns+` FROM jobs WHERE kind = $1 AND key = $2`, string(kind), key)
}

func (s jobs) FindAll(kind kyc.JobKind, keys []string) ([]kyc.Job, error) {
	return inChunks(keys, func(keys []any) ([]kyc.Job, error) {
		return many(s.c, readJob, `SELECT `+jobColumns+` FROM jobs WHERE kind = `+placeholders(chunk+1, 1)+` AND key IN (`+placeholders(1, chunk)+`)`,
			append(keys, string(kind))...)
	})
}

func (s jobs) NextDue(q kyc.Due) (time.Time, bool, error) {
	among, args := candidates(q, "", "1", "")
	if len(q.Except) > 0 {
		among, args = ofOthers(q, "due_at", "", "") // without looking at each job once more
	}
	due, err := many(s.c, readInt, `SELECT due_at FROM (`+among+`) AS c WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1`, args...)
	if err != nil || len(due) == 0 {
		return time.Time{}, false, err
	}
	return at(due[0]), true, nil
}

func (s jobs) Add(j kyc.Job) error {
	s.tx.adds(j.Kind)
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

// Lease takes jobs. A lease that a crash of the database forgets is one less to
// wait for, so nobody waits for the disk, unless something was written before.
func (s jobs) Lease(q kyc.Due, now, wallUntil time.Time, limit int) ([]kyc.Job, error) {
	if s.tx.dialect.noHurry != "" && !s.c.wrote() {
		if err := s.c.exec(s.tx.dialect.noHurry); err != nil {
			return nil, err
		}
	}
	n := 2 + len(q.Except) // the first free argument
	most := placeholders(n+2, 1)
	among, args := candidates(q, ` AND j.due_at <= `+placeholders(n+1, 1), most, s.tx.dialect.skipLocked)
	leased, err := many(s.c, readJob, `UPDATE jobs SET lease_until = `+placeholders(n, 1)+` WHERE seq IN (
		SELECT seq FROM (`+among+`) AS c ORDER BY due_at, seq LIMIT `+most+`) RETURNING `+jobColumns,
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
	s.tx.adds(j.Kind) // the next of its lane may go, and so may this one if it was asked for again
	return s.c.exec(`UPDATE jobs SET lease_until = 0 WHERE seq = $1 AND kind = $2 AND key = $3 AND lease_until = $4`,
		j.Seq, string(j.Kind), j.Key, us(j.LeaseUntil))
}

func (s jobs) PutOff(j kyc.Job, due time.Time) error { return s.later(j, due, 1) }

func (s jobs) Wait(j kyc.Job, due time.Time) error { return s.later(j, due, 0) }

func (s jobs) later(j kyc.Job, due time.Time, attempts int) error {
	s.tx.adds(j.Kind)
	return s.c.exec(`UPDATE jobs SET lease_until = 0, attempt = attempt + $8, blocking = $5,
		due_at = CASE WHEN generation = $4 THEN $6 ELSE due_at END WHERE seq = $1 AND kind = $2 AND key = $3 AND lease_until = $7`,
		j.Seq, string(j.Kind), j.Key, j.Generation, j.Blocking, us(due), us(j.LeaseUntil), attempts)
}

func (s jobs) Park(owner string, parked bool) error {
	s.tx.adds(kyc.Deliver) // only deliveries and replays have owners; they share their workers
	if parked {
		return s.c.exec(`UPDATE jobs SET due_at = $2 WHERE owner = $1`, owner, us(kyc.Never))
	}
	return s.c.exec(`UPDATE jobs SET due_at = 0 WHERE owner = $1 AND due_at = $2`, owner, us(kyc.Never)) // overdue on any clock
}

func (s jobs) VoidLeases() error {
	return s.c.exec(`UPDATE jobs SET lease_until = 0 WHERE lease_until > 0`)
}
