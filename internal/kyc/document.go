package kyc

import "time"

// Types of the documents that a video identification leaves (S4, Appendix I).
const (
	DocumentKYCReport = "KYC_REPORT"
	DocumentID        = "ID_DOCUMENT"
	DocumentPicture   = "PICTURE"
	DocumentVideo     = "VIDEO"
	DocumentOther     = "OTHER"
)

// Document is a file about a person. Its bytes are sealed in the blob store.
type Document struct {
	ID                 string
	PartnerID          string
	PersonID           string
	IdentificationID   string // empty when it was uploaded
	Name               string
	ContentType        string
	Type               string
	Size               int64 // of the plain bytes
	CustomerAccessible bool
	Blob               string // name in the blob store
	CreatedAt          time.Time
	DeletedAt          time.Time
}
