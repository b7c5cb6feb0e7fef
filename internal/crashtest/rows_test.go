package crashtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
	"github.com/identikit/identikit/internal/method/bank"
	"github.com/identikit/identikit/internal/method/bankid"
	"github.com/identikit/identikit/internal/method/video"
	"github.com/identikit/identikit/internal/sandbox"
)

// rows are the tables as one transaction sees them, read with no code of the
// store's.
type rows struct {
	persons       []personRow
	keys          map[string][]byte // person → sealed key
	idents        []identRow
	history       []historyRow // in order
	findings      []findingRow
	documents     []documentRow
	subscriptions map[string]subscriptionRow
	notifications []notificationRow // in order
	attempts      map[string][]attemptRow
	jobs          []jobRow
	replays       map[string]string // key → body
	erased        []erasedRow       // persons; what is theirs is in none of the others
	forgotten     map[string]bool   // identifications of erased persons
	keptFiles     []string          // files that the law keeps of them
	taxes         []taxRow
	signings      []signingRow // in order
	clock         time.Time    // the sandbox's, when the rows were read or a little later
}

type personRow struct {
	id      string
	version int
}

type erasedRow struct {
	id, partner, attributes, identity string
	keepUntil                         int64
	record, key                       []byte
	lines, told                       int // of the history: how many have details, how many tell of the erasure
	jobs, signings                    int
}

type identRow struct {
	id, person, state, reference, link      string
	method, handle, statusCode, token       string
	device                                  []byte
	completedAt, requestedAt, linkExpiresAt int64
	authorizeUntil, confirmUntil            int64
	version                                 int
}

// rules are those of the identification's method.
func (i identRow) rules() method.Rules { return rulesOf(kyc.Method(i.method)) }

// rulesOf are the rules of a method; those of video if it is none that ends with a signature.
func rulesOf(m kyc.Method) method.Rules {
	switch m {
	case kyc.MethodBank:
		return bank.Rules
	case kyc.MethodBankID:
		return bankid.Rules
	}
	return video.Rules
}

// signingRow is an attempt to have the documents signed.
type signingRow struct {
	id, person, ident, state, number, token string
	facts                                   []byte
	tries                                   int
	expiresAt                               int64
}

type subscriptionRow struct {
	id, partner string
	paused      bool
}

type historyRow struct {
	at                                                               int64
	partner, person, ident, actor, request, event, from, to, details string
}

// moved tells whether the line is a step of the identification's table.
func (h historyRow) moved() bool {
	return h.ident != "" && !slices.Contains(asides, h.event) && !strings.HasPrefix(h.event, "document_") && !h.idle()
}

// asides are lines of the history that are no steps: a start that was refused, a wrong
// password, an attempt to sign that came to nothing.
var asides = []string{"request_refused", "not_confirmed", string(kyc.AttemptOver)}

// told tells whether partners hear of the step: not of another password for the same signature.
func (h historyRow) told() bool {
	return h.moved() && (h.event != string(kyc.Authorized) || h.from != h.to)
}

// idle tells whether the line is a result that changed nothing.
func (h historyRow) idle() bool { return strings.Contains(h.details, `"changed_nothing":true`) }

type findingRow struct {
	ident, fingerprint, result, archive string
	raw                                 []byte
}

type documentRow struct {
	id, person, ident, name, kind, blob string
	size, deletedAt                     int64
	uploaded, accessible                bool
}

type notificationRow struct {
	id, subscription, event, entity, state string
	body                                   []byte
	attempts                               int
	deliveredAt                            int64
}

type attemptRow struct{ number, status int }

type jobRow struct {
	kind, key, owner, lane string
	dueAt, leaseUntil      int64
}

// open opens the database beside the program, to read.
func (w *world) open() (*sql.DB, error) {
	if w.database != "" {
		return sql.Open("pgx", w.database)
	}
	return sql.Open("sqlite", "file:"+(&url.URL{Path: sandbox.DatabaseFile(w.data)}).EscapedPath()+"?_pragma=busy_timeout(10000)&_pragma=query_only(1)")
}

// snapshot reads everything in one transaction.
func (w *world) snapshot() (*rows, error) {
	db, err := w.open()
	if err != nil {
		return nil, err
	}
	defer db.Close()
	tx, err := db.BeginTx(context.Background(), &sql.TxOptions{Isolation: isolation(w.database), ReadOnly: w.database != ""})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	return readRows(tx)
}

// isolation is what makes all reads of a transaction see one moment. A
// transaction of SQLite always does.
func isolation(database string) sql.IsolationLevel {
	if database == "" {
		return sql.LevelDefault
	}
	return sql.LevelRepeatableRead
}

func readRows(tx *sql.Tx) (*rows, error) {
	r := &rows{forgotten: map[string]bool{}, keys: map[string][]byte{}, subscriptions: map[string]subscriptionRow{}, attempts: map[string][]attemptRow{}, replays: map[string]string{}}
	for _, t := range r.tables() {
		if err := each(tx, t.query, t.row); err != nil {
			return nil, fmt.Errorf("%s: %w", t.query, err)
		}
	}
	return r, nil
}

// table is how one table is read.
type table struct {
	query string
	row   func(scan func(...any) error) error
}

// erased are the persons that are.
const erased = `SELECT id FROM persons WHERE erased_at > 0`

func (r *rows) tables() []table {
	return []table{
		{`SELECT id, version FROM persons WHERE erased_at = 0 ORDER BY seq`, into(&r.persons, func(x *personRow) []any { return []any{&x.id, &x.version} })},
		{`SELECT person_id, sealed_key FROM person_keys WHERE person_id NOT IN (` + erased + `)`, func(scan func(...any) error) error {
			var id string
			var key []byte
			err := scan(&id, &key)
			r.keys[id] = key
			return err
		}},
		{`SELECT id, person_id, state, reference, url, device_data, completed_at, requested_at, link_expires_at, version,
			method, handle, status_code, reference_token, authorization_expires_at, confirmation_expires_at FROM identifications WHERE person_id NOT IN (` + erased + `) ORDER BY seq`,
			into(&r.idents, func(x *identRow) []any {
				return []any{
					&x.id, &x.person, &x.state, &x.reference, &x.link, &x.device, &x.completedAt, &x.requestedAt, &x.linkExpiresAt, &x.version,
					&x.method, &x.handle, &x.statusCode, &x.token, &x.authorizeUntil, &x.confirmUntil,
				}
			})},
		{`SELECT at, partner_id, person_id, identification_id, actor, request_id, event, from_state, to_state, details FROM history WHERE person_id NOT IN (` + erased + `) ORDER BY seq`,
			into(&r.history, func(x *historyRow) []any {
				return []any{&x.at, &x.partner, &x.person, &x.ident, &x.actor, &x.request, &x.event, &x.from, &x.to, &x.details}
			})},
		{`SELECT identification_id, fingerprint, result, archive, raw FROM findings
			WHERE identification_id NOT IN (SELECT id FROM identifications WHERE person_id IN (` + erased + `)) ORDER BY seq`,
			into(&r.findings, func(x *findingRow) []any { return []any{&x.ident, &x.fingerprint, &x.result, &x.archive, &x.raw} })},
		{`SELECT id, person_id, identification_id, name, document_type, blob, size, deleted_at, sealed_name IS NOT NULL, customer_accessible FROM documents WHERE person_id NOT IN (` + erased + `) ORDER BY seq`,
			into(&r.documents, func(x *documentRow) []any {
				return []any{&x.id, &x.person, &x.ident, &x.name, &x.kind, &x.blob, &x.size, &x.deletedAt, &x.uploaded, &x.accessible}
			})},
		{`SELECT id, partner_id, paused FROM subscriptions`, func(scan func(...any) error) error {
			var s subscriptionRow
			err := scan(&s.id, &s.partner, &s.paused)
			r.subscriptions[s.id] = s
			return err
		}},
		{`SELECT id, subscription_id, event_type, entity_id, state, body, attempts, delivered_at FROM notifications ORDER BY seq`,
			into(&r.notifications, func(x *notificationRow) []any {
				return []any{&x.id, &x.subscription, &x.event, &x.entity, &x.state, &x.body, &x.attempts, &x.deliveredAt}
			})},
		{`SELECT notification_id, number, status FROM attempts ORDER BY notification_id, number`, func(scan func(...any) error) error {
			var id string
			var a attemptRow
			err := scan(&id, &a.number, &a.status)
			r.attempts[id] = append(r.attempts[id], a)
			return err
		}},
		{`SELECT kind, key, owner, lane, due_at, lease_until FROM jobs ORDER BY seq`,
			into(&r.jobs, func(x *jobRow) []any { return []any{&x.kind, &x.key, &x.owner, &x.lane, &x.dueAt, &x.leaseUntil} })},
		{`SELECT key, body FROM replays`, func(scan func(...any) error) error {
			var key string
			var body []byte
			err := scan(&key, &body)
			r.replays[key] = string(body)
			return err
		}},
		{`SELECT id, partner_id, attributes, identity_key, keep_until, record, (SELECT sealed_key FROM person_keys WHERE person_id = persons.id),
			(SELECT COUNT(*) FROM history WHERE person_id = persons.id AND event NOT IN ('person_erased', 'record_destroyed') AND details <> '{}'),
			(SELECT COUNT(*) FROM history WHERE person_id = persons.id AND event = 'person_erased'),
			(SELECT COUNT(*) FROM jobs WHERE key = persons.id OR key IN (SELECT id FROM identifications WHERE person_id = persons.id)),
			(SELECT COUNT(*) FROM signings WHERE person_id = persons.id)
			FROM persons WHERE erased_at > 0`, into(&r.erased, func(x *erasedRow) []any {
			return []any{&x.id, &x.partner, &x.attributes, &x.identity, &x.keepUntil, &x.record, &x.key, &x.lines, &x.told, &x.jobs, &x.signings}
		})},
		{`SELECT id FROM identifications WHERE person_id IN (` + erased + `)`, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			r.forgotten[id] = true
			return err
		}},
		{`SELECT blob FROM documents WHERE blob <> '' AND person_id IN (` + erased + `) UNION ALL SELECT archive FROM findings WHERE archive <> ''
			AND identification_id IN (SELECT id FROM identifications WHERE person_id IN (` + erased + `))`,
			into(&r.keptFiles, func(x *string) []any { return []any{x} })},
		{`SELECT id, person_id, country, is_primary FROM tax_identifications WHERE person_id NOT IN (` + erased + `) ORDER BY seq`,
			into(&r.taxes, func(x *taxRow) []any { return []any{&x.id, &x.person, &x.country, &x.primary} })},
		{`SELECT id, person_id, identification_id, state, number, token, facts, tries, expires_at FROM signings WHERE person_id NOT IN (` + erased + `) ORDER BY seq`,
			into(&r.signings, func(x *signingRow) []any {
				return []any{&x.id, &x.person, &x.ident, &x.state, &x.number, &x.token, &x.facts, &x.tries, &x.expiresAt}
			})},
		{`SELECT value FROM settings WHERE name = 'sandbox_clock'`, func(scan func(...any) error) error {
			var both string // the sandbox's time and the machine's at that moment
			if err := scan(&both); err != nil {
				return err
			}
			at, wall, _ := strings.Cut(both, " ")
			then, err := time.Parse(time.RFC3339Nano, at)
			machine, e := time.Parse(time.RFC3339Nano, wall)
			r.clock = then.Add(time.Since(machine))
			return errors.Join(err, e)
		}},
	}
}

// into appends each row to a list.
func into[T any](list *[]T, columns func(*T) []any) func(func(...any) error) error {
	return func(scan func(...any) error) error {
		var x T
		err := scan(columns(&x)...)
		*list = append(*list, x)
		return err
	}
}

func each(tx *sql.Tx, query string, row func(func(...any) error) error) error {
	rs, err := tx.Query(query)
	if err != nil {
		return err
	}
	defer rs.Close()
	for rs.Next() {
		if err := row(rs.Scan); err != nil {
			return err
		}
	}
	return rs.Err()
}

// group puts rows together by what key says of them, in their order.
func group[T any](list []T, key func(T) string) map[string][]T {
	groups := map[string][]T{}
	for _, x := range list {
		groups[key(x)] = append(groups[key(x)], x)
	}
	return groups
}
