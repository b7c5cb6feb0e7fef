package kyc

import (
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Types of the documents that a video identification leaves (S4, Appendix I).
const (
	DocumentKYCReport = "KYC_REPORT"
	DocumentID        = "ID_DOCUMENT"
	DocumentPicture   = "PICTURE"
	DocumentVideo     = "VIDEO"
	DocumentOther     = "OTHER"

	DocumentQES       = "QES_DOCUMENT"        // that the customer is to sign electronically
	DocumentSignedQES = "SIGNED_QES_DOCUMENT" // the same, signed

	DocumentSignedContract = "SIGNED_CONTRACT" // that the customer signed in the session
)

// UploadTypes lists the document types that a partner may give (partner-api.md §4.4).
var UploadTypes = []string{
	"ACCOUNT_SNAPSHOT.FINTECSYSTEMS", "ACCOUNT_STATEMENT", "AML_POLICY", "ANNUAL_FINANCIAL_STATEMENT", "B2B_MANDATE",
	"BALANCE_REPORT", "BANK_REFERENCE", "BUSINESS_ASSESSMENT", "BUSINESS_FINANCIALS_XBRL", "CREDIT_AGENCY_REPORT",
	"CREDIT_RECORD.SCHUFA", "CUSTOMER_COMMUNICATION", "FATCA_SELF_DECLARATION", "FOUNDATION_DOCUMENT", DocumentID,
	"INVOICE", "KYC_BENEFICIAL_OWNER", "KYC_CORPORATE_DOCUMENT", "KYC_FORM", "KYC_LEGAL_REPRESENTATIVE",
	"KYC_RELIABILITY_CHECK", DocumentKYCReport, "LOAN_MANDATE_CONTRACT", DocumentOther, "PAYMENT_CONFIRMATION", DocumentPicture,
	"POWER_OF_ATTORNEY", "PROOF_OF_ADDRESS", "PROOF_OF_PHONE_CHANGE", "PROOF_OF_PROFESSION", "PROOF_OF_SALARY",
	"PROOF_OF_TAX_ID", "REFERENCE_LETTER", "REGISTER_APPLICATION", "REGISTER_EXTRACT", "SALARY_INFORMATION",
	"SCHUFA_COMPACT_REPORT", "SCHUFA_FULL_REPORT", "SCHUFA_GWG_REPORT", "SCHUFA_SHORT_REPORT", "SCORE_CARD.SOLARIS",
	"SCREENING_REPORT", "SHAREHOLDERS_LIST", "SHARE_HOLDERS_AGREEMENT", "SIGNATURE", DocumentSignedContract,
	"SIGNED_LOAN_MANDATE_CONTRACT", "TRADING_LICENSE", "TRANSACTIONAL_DOCUMENT", "TRANSFER_CANCELLATION",
	"VAT_CERTIFICATE", DocumentVideo,
}

// SystemTypes lists those that only the system makes.
var SystemTypes = []string{"QES_DOCUMENT", "SIGNED_QES_DOCUMENT", "REGISTER_CHECK", "TRANSPARENCY_REGISTER_EXTRACT"}

// CheckDocumentType says what is wrong with a type that a partner gives, in the
// words of the API, or "".
func CheckDocumentType(s string) string {
	switch {
	case slices.Contains(UploadTypes, s):
		return ""
	case slices.Contains(SystemTypes, s):
		return "is a type that only the system gives"
	}
	if message := CheckText(s, 255); message != "" {
		return message
	}
	return NotIncluded(UploadTypes)
}

// Document is a file about a person. Its bytes are sealed in the blob store.
type Document struct {
	ID                 string
	PartnerID          string
	PersonID           string
	IdentificationID   string // empty when it belongs to the person alone
	Name               string
	ContentType        string
	Type               string
	Size               int64 // of the plain bytes
	CustomerAccessible bool
	Blob               string // name in the blob store
	CreatedAt          time.Time
	DeletedAt          time.Time

	// SealedName is the name of a file that a partner uploaded, sealed with the
	// person's key: it may say who somebody is. In the store, Name is empty then.
	SealedName []byte
	// Digest tells the same bytes again among the uploads to one identification.
	// It is keyed with the person's key; nil for other documents.
	Digest []byte
}

// AboutPerson says whose data this is.
func (d Document) AboutPerson() string { return d.PersonID }

// Evidence tells whether the document belongs to an identification: then it must
// stay as it is for as long as the law asks (GwG § 8).
func (d Document) Evidence() bool { return d.IdentificationID != "" }

const (
	maxFileName = 255        // characters
	unnamed     = "document" // the name of a file that came without one
)

// CleanFileName is what is kept of a name that somebody gave to a file: no path,
// no control characters, nothing invisible that turns letters round, at most 255
// characters. It never becomes a path on our disk.
func CleanFileName(name string) string {
	name = strings.ToValidUTF8(name, "_")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r), unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			return -1 // private and invisible ones, marks and overrides of direction among them
		}
		return r
	}, name)
	name = trimName(name)
	if runes := []rune(name); len(runes) > maxFileName {
		ending := []rune(path.Ext(name))
		if len(ending) > 16 {
			ending = nil
		}
		name = trimName(string(runes[:maxFileName-len(ending)]) + string(ending))
	}
	if name == "" {
		return unnamed
	}
	return name
}

// trimName takes off what some systems drop in silence at the end of a name.
func trimName(name string) string { return strings.TrimLeft(strings.TrimRight(name, ". "), " ") }
