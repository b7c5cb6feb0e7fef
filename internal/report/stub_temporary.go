package report

import (
	"crypto/sha512"
	"io"
	"time"
)

type BankidentReport struct {
	Language, Method, Identification                                                                                string
	Date                                                                                                            time.Time
	Title, FirstName, LastName, BirthName, BirthDate, BirthPlace, Nationality, Line1, Line2, PostalCode, City, Country string
	Phone, IBAN, Transfer, StatusCode                                                                               string
}

func Bankident(w io.Writer, r BankidentReport) error {
	_, err := w.Write([]byte("%PDF-1.4 stub " + r.Identification))
	return err
}

type SignatureNote struct {
	Field, Name, Reason, Location string
	At                            time.Time
}
type Prepared struct {
	PDF    []byte
	SHA512 [64]byte
}

func Prepare(pdf []byte, s SignatureNote) (Prepared, error) {
	b := append(append([]byte{}, pdf...), s.At.String()...)
	return Prepared{b, sha512.Sum512(b)}, nil
}
func Embed(p Prepared, cms []byte) ([]byte, error) { return append(p.PDF, cms...), nil }

type Validation struct{ Certificates, OCSPs, CRLs [][]byte }

func AddValidation(b []byte, v Validation) ([]byte, error) { return b, nil }
