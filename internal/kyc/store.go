package kyc

import (
	"context"
	"time"
)

// Store keeps everything but the bytes of documents.
type Store interface {
	// Tx runs fn in one transaction: all of it happens or nothing. fn may run
	// more than once (a lost race), so it must keep no state of its own and must
	// not call the outside world. An error from fn rolls back and is returned.
	// A race that stays lost is a Conflict.
	Tx(ctx context.Context, fn func(Tx) error) error
	// View runs fn for reading. Each read sees what was committed when it
	// began; there is no common snapshot over several reads.
	View(ctx context.Context, fn func(View) error) error
	// OnDue registers a function that is called after a commit that added work,
	// or let some go, with the kinds of it.
	OnDue(func(kinds ...JobKind))
	Close() error
}

// View reads.
type View interface {
	Partners() PartnerReader
	Persons() PersonReader
	Identifications() IdentificationReader
	Documents() DocumentReader
	Subscriptions() SubscriptionReader
	Outbox() OutboxReader
	Jobs() JobReader
	History() HistoryReader
	Findings() FindingReader
	Replays() ReplayReader
	Settings() SettingReader
	Consents() ConsentReader
	Erasures() ErasureReader
	ChangeRequests() ChangeRequestReader
	MobileNumbers() MobileNumberReader
	Messages() MessageReader
	TaxIdentifications() TaxIdentificationReader
	Originations() OriginationReader
	Signings() SigningReader
}

// Tx reads and writes. Writes may reach the database only at the next read or
// at the end, so an error of a write can come late; it fails the whole Tx.
type Tx interface {
	Now() time.Time                      // one instant for the whole transaction
	NewID(suffix string) (string, error) // in a seeded sandbox the next of its sequence

	Partners() Partners
	Persons() Persons
	Identifications() Identifications
	Documents() Documents
	Subscriptions() Subscriptions
	Outbox() Outbox
	Jobs() Jobs
	History() History
	Findings() Findings
	Replays() Replays
	Settings() Settings
	Consents() Consents
	Erasures() Erasures
	ChangeRequests() ChangeRequests
	MobileNumbers() MobileNumbers
	Messages() Messages
	TaxIdentifications() TaxIdentifications
	Originations() Originations
	Signings() Signings
}

// Page cuts a list. Newest turns the order round; the default is oldest first.
type Page struct {
	Offset, Limit int
	Newest        bool
}

// PartnerReader reads partners and their tokens. A missing one is NotFound.
type PartnerReader interface {
	Get(id string) (Partner, error)
	ByClientID(clientID string) (Partner, error)
	List() ([]Partner, error)
	Token(hash []byte) (Token, error)
}

// Partners reads and writes partners and their tokens.
type Partners interface {
	PartnerReader
	Insert(Partner) error
	Update(Partner) error
	InsertToken(Token) error
	PurgeTokens(expiredBefore time.Time) error
}

// PersonReader reads persons. Another partner's person is NotFound, and so is
// one that was erased. Within a Tx, what Get reads stays as it is until that ends.
type PersonReader interface {
	Get(partnerID, id string) (Person, error)
	List(partnerID string, p Page) ([]Person, error)
	Count(partnerID string, atMost int) (int, error)
	Identical(partnerID, identityKey string, atMost int) (int, error)
	Key(personID string) ([]byte, error) // the person's key, sealed by the master key
}

// Persons reads and writes persons. Update refuses a stale Version.
type Persons interface {
	PersonReader
	Insert(p Person, sealedKey []byte) error
	Update(Person) error
}

// IdentificationFilter narrows a list: PersonID empty means all of the partner's.
type IdentificationFilter struct{ PartnerID, PersonID string }

// IdentificationReader reads identifications. Find is for partners, Get for
// ourselves. Those of an erased person are NotFound to both.
type IdentificationReader interface {
	Get(id string) (Identification, error)
	Find(partnerID, personID, id string) (Identification, error)
	List(f IdentificationFilter, p Page) ([]Identification, error)
	Count(f IdentificationFilter, atMost int) (int, error)
	// Succeeded tells whether an identification of the person is successful, by
	// one of the methods, or by whatever method if none is named.
	Succeeded(personID string, by ...Method) (bool, error)
}

// Identifications reads and writes identifications. Update refuses a stale Version.
type Identifications interface {
	IdentificationReader
	Insert(Identification) error
	Update(Identification) error
}

// DocumentFilter narrows a list of documents. Deleted ones are left out unless
// asked for; CustomerAccessible nil means both.
type DocumentFilter struct {
	PartnerID, PersonID string
	CustomerAccessible  *bool
	IncludeDeleted      bool
}

// DocumentReader reads documents.
type DocumentReader interface {
	Find(partnerID, personID, id string) (Document, error)
	List(f DocumentFilter, p Page) ([]Document, error)
	Count(f DocumentFilter, atMost int) (int, error)
	OfIdentification(id string) ([]Document, error)
	// SameUpload tells whether the identification has a document of the type with the digest.
	SameUpload(identificationID, documentType string, digest []byte) (bool, error)
	Blobs(names []string) ([]string, error) // those of names that some row names
}

// Documents reads and writes documents.
type Documents interface {
	DocumentReader
	Insert(Document) error
	// Hold reads a document to change it: it stays as it is until the transaction ends.
	Hold(partnerID, personID, id string) (Document, error)
	// Update stores the type, whether the customer may see it, and when it was deleted.
	Update(Document) error
}

// SubscriptionReader reads webhook subscriptions.
type SubscriptionReader interface {
	Get(id string) (Subscription, error)
	Find(partnerID, id string) (Subscription, error)
	List(partnerID string, p Page) ([]Subscription, error)
	Count(partnerID string, atMost int) (int, error)
	ByEvent(partnerID, eventType string) ([]Subscription, error)
}

// Subscriptions reads and writes webhook subscriptions. Delete drops what is queued.
type Subscriptions interface {
	SubscriptionReader
	Insert(Subscription) error
	// Hold reads a subscription, which stays as it is until the transaction ends;
	// others may hold it too.
	Hold(id string) (Subscription, error)
	SetPaused(id string, paused bool) error
	Delete(id string) error
}

// OutboxReader reads notifications and attempts.
type OutboxReader interface {
	Get(id string) (Notification, error)
	// ToSend is Get together with the subscription that it is for: NotFound of
	// either, and the notification even if the subscription is gone.
	ToSend(id string) (Notification, Subscription, error)
	// Attempts are those of the notifications, each one's from the first on.
	Attempts(notificationIDs ...string) ([]Attempt, error)
	DeliveredSince(subscriptionID string, t time.Time) (bool, error)
	// List is without the bodies.
	List(f NotificationFilter, p Page) ([]Notification, error)
	Count(f NotificationFilter, atMost int) (int, error)
}

// Outbox reads and writes notifications and attempts.
type Outbox interface {
	OutboxReader
	Insert(Notification) error
	Record(n Notification, a Attempt) error // stores the attempt and the notification's new state
}

// Due says which jobs are looked for: their kinds, the machine's time, on which
// leases run, and owners that are passed over for now; with those, one job at
// most of each other owner is found, and none without an owner.
type Due struct {
	Kinds  []JobKind
	Wall   time.Time
	Except []string
}

// JobReader reads what is due.
type JobReader interface {
	Find(kind JobKind, key string) (Job, bool, error)
	FindAll(kind JobKind, keys []string) ([]Job, error) // in no order
	// NextDue is the earliest due time of a job that could run.
	NextDue(q Due) (time.Time, bool, error)
}

// Jobs reads and writes jobs.
type Jobs interface {
	JobReader
	// Add puts a job in; the one that exists for the kind and key is brought
	// forward instead, and runs once more if it is running.
	Add(Job) error
	// AddLeased puts a job in that the caller runs itself at once; false if it exists.
	AddLeased(j Job, wallUntil time.Time) (Job, bool, error)
	Lease(q Due, now, wallUntil time.Time, limit int) ([]Job, error)
	Take(kind JobKind, key string, wall, wallUntil time.Time) (Job, bool, error)
	// Done removes it, unless it was asked for again meanwhile. PutOff tries again
	// later, counts an attempt and stores Blocking; Wait does the same and counts
	// none. All do nothing for somebody whose lease has run out and who is not its
	// holder any more.
	Done(Job) error
	PutOff(j Job, due time.Time) error
	Wait(j Job, due time.Time) error
	Park(owner string, parked bool) error // all of an owner: never, or now
	VoidLeases() error                    // what a dead process had taken is free again
}

// HistoryReader reads the history.
type HistoryReader interface {
	OfPerson(personID string) ([]Entry, error)
	Unsuccessful(personID string) (int, error) // since the last success
	HasOutcome(personID, identificationID string) (bool, error)
}

// History reads and appends the history.
type History interface {
	HistoryReader
	Add(Entry) error
}

// FindingReader reads what providers answered.
type FindingReader interface {
	Known(identificationID, fingerprint string) (bool, error)
	OfIdentification(id string) ([]FindingRecord, error)
	List(identificationID string, p Page) ([]FindingRecord, error) // in the order in which they came
	Count(identificationID string, atMost int) (int, error)
	Archives(names []string) ([]string, error) // those of names that some row names
}

// Findings reads and appends what providers answered.
type Findings interface {
	FindingReader
	Insert(FindingRecord) error
	SetArchive(identificationID, fingerprint, blob string) error
}

// Replay is the stored answer of a request that carried an idempotency key.
type Replay struct {
	PartnerID, Key string
	PersonID       string // whose data the answer holds; empty: nobody's
	RequestHash    []byte
	Status         int
	Body           []byte
	CreatedAt      time.Time
}

// ReplayReader reads stored answers.
type ReplayReader interface {
	Find(partnerID, key string) (Replay, bool, error)
}

// Replays reads and writes stored answers.
type Replays interface {
	ReplayReader
	Insert(Replay) error
}

// SettingReader reads small facts about the installation.
type SettingReader interface {
	Get(name string) (value string, ok bool, err error)
}

// Settings reads and writes small facts about the installation.
type Settings interface {
	SettingReader
	Put(name, value string) error
}
