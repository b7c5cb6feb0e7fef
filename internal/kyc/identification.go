package kyc

import (
	"slices"
	"time"
)

// Method is a way to identify a person.
type Method string

// The methods of the API (rulings §1).
const (
	MethodBank              Method = "bank"
	MethodBankID            Method = "bank_id"
	MethodBankPlus          Method = "bank_plus"
	MethodFourthline        Method = "fourthline"
	MethodFourthlineSigning Method = "fourthline_signing"
	MethodIDnow             Method = "idnow"
	MethodIDnowAutoident    Method = "idnow_autoident"
	MethodIDnowCustom       Method = "idnow_custom"
	MethodManual            Method = "manual"
	MethodPostident         Method = "postident"
)

// Methods lists every known method, in the order of the API.
var Methods = []Method{
	MethodBank, MethodBankID, MethodBankPlus, MethodFourthline, MethodFourthlineSigning,
	MethodIDnow, MethodIDnowAutoident, MethodIDnowCustom, MethodManual, MethodPostident,
}

// Bankident tells whether the method begins with a login to the customer's bank.
func (m Method) Bankident() bool { return m == MethodBank || m == MethodBankID }

// KnownMethod tells whether the API has a method of that name.
func KnownMethod(m Method) bool { return slices.Contains(Methods, m) }

// ProofOfAddressTypes lists the documents that prove an address (S4, S0).
var ProofOfAddressTypes = []string{
	"BANK_ACCOUNT_STATEMENT", "CERTIFICATE_OF_REGISTRATION", "ELECTRICITY_BILL", "GAS_BILL",
	"HEATING_BILL", "INTERNET_BILL", "TELEPHONE_BILL", "WATER_BILL",
}

// Languages lists the languages of a video call (S4).
var Languages = []string{"DE", "EN"}

// Identification is one process of proving who a person is.
// Empty texts and zero times are shown as null.
type Identification struct {
	ID        string
	PartnerID string
	PersonID  string
	Method    Method
	State     State

	Reference string // the provider's token; never shown to the customer (S4)
	Handle    string // by which the provider's adapter finds its session; shown to nobody
	URL       string // where the customer goes

	Language               string
	ProofOfAddressType     string
	ProofOfAddressIssuedAt string // YYYY-MM-DD
	IBAN                   string
	TermsSignedAt          time.Time
	EstimatedWaitingTime   *int   // seconds, from `request` on
	FailureReason          string // see VisibleReason
	StatusCode             string // provider_status_code: how the firm that checks identity data ended (partner-api.md §4.8)
	ReferenceToken         string // current_reference_token: stands beside the one-time password that was sent last (S3)
	Address                string // JSON of the six members: the person's, later the confirmed one
	DeviceData             []byte // sealed with the person's key, never parsed

	CompletedAt   time.Time
	RequestedAt   time.Time // the first time
	LinkExpiresAt time.Time
	// AuthorizationExpiresAt is until when a signature can be authorized and
	// confirmed at all, ConfirmationExpiresAt until when the password that was sent last is good (S3).
	AuthorizationExpiresAt, ConfirmationExpiresAt time.Time
	LastFindingAt                                 time.Time // the provider's time of the newest result that was taken in
	CreatedAt                                     time.Time
	Version                                       int64
}

// AboutPerson says whose data this is.
func (i Identification) AboutPerson() string { return i.PersonID }

// VisibleReason is the failure reason as far as partners may know it: "No
// reason can be disclosed for the final failed status" (S4) of video and
// automatic identification; Bankident tells it of failed and expired (rulings §3).
func (i Identification) VisibleReason() string {
	switch i.State {
	case Aborted, Canceled:
		return i.FailureReason
	case Failed, Expired:
		if i.Method.Bankident() {
			return i.FailureReason
		}
	}
	return ""
}

// FindingRecord is a provider's answer as it was taken in: the evidence.
type FindingRecord struct {
	IdentificationID string
	Fingerprint      string // the same answer twice has the same one
	At               time.Time
	ReceivedAt       time.Time
	Result, Reason   string // the provider's own words
	Event            Event
	Raw              []byte // sealed with the person's key
	Archive          string // the sealed bytes of the provider's whole file, by blob name
}
