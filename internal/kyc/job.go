package kyc

import "time"

// JobKind says what a job is for.
type JobKind string

// The kinds of jobs.
const (
	StartSession   JobKind = "start"    // open the session at the provider; Key: identification
	FetchResult    JobKind = "fetch"    // ask the provider how it stands; Key: identification
	PollResult     JobKind = "poll"     // the safety net for pushes that never came; Key: identification
	FetchEvidence  JobKind = "evidence" // download what the provider kept; Key: identification
	Expire         JobKind = "expire"   // the link's lifetime is over; Key: identification
	Deliver        JobKind = "deliver"  // send a notification; Key: notification
	ReplayDelivery JobKind = "replay"   // send a notification once more; Key: notification
	SendMessage    JobKind = "message"  // send a text to a phone; Key: message
	SweepDocuments JobKind = "sweep"    // remove bytes that no row names; Key: "documents"
	PaperExpiry    JobKind = "paper"    // tell that the identity document runs out; Key: person
	EraseStale     JobKind = "stale"    // erase who did not become a customer in time; Key: "persons"
	ErasePerson    JobKind = "erase"    // the same for one whose identification was still open; Key: person
	DestroyRecord  JobKind = "destroy"  // the law keeps the record no longer; Key: person

	SubmitData       JobKind = "submit"    // hand identity data to the firm that checks them; Key: identification
	AuthorizeSigning JobKind = "authorize" // ask the signer for signatures; Key: identification
	ConfirmSigning   JobKind = "confirm"   // hand a one-time password to the signer; Key: identification
	CollectSigning   JobKind = "signing"   // ask the signer for the signatures; Key: identification
)

// PersonalJobs are the kinds whose key is a person or an identification: they
// go when the person is erased.
var PersonalJobs = []JobKind{
	StartSession, FetchResult, PollResult, FetchEvidence, Expire, PaperExpiry, ErasePerson, DestroyRecord,
	SubmitData, AuthorizeSigning, ConfirmSigning, CollectSigning,
}

// Job is work that is due at some time. It carries ids, never data.
type Job struct {
	Seq        int64
	Kind       JobKind
	Key        string // with Kind: unique
	Owner      string // the subscription of a delivery: what is dropped or parked together
	Lane       string // jobs of one lane run one after the other, oldest first; empty: no order
	Blocking   bool   // whether later jobs of the lane wait for this one
	DueAt      time.Time
	Attempt    int       // how often it was tried and put off
	Generation int64     // grows when the job is asked for again while it runs
	LeaseUntil time.Time // on the machine's clock; who holds it settles it by this
}

// Never is the due time of work that waits for a person (a paused subscription).
var Never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// JobLease is how long a job is taken for, in the machine's time: longer than
// any handler may take. Its running out is the recovery from a crash.
const JobLease = 90 * time.Second

// Backoff doubles from first up to most.
func Backoff(attempt int, first, most time.Duration) time.Duration {
	for ; attempt > 0 && first < most; attempt-- {
		first *= 2
	}
	return min(first, most)
}
