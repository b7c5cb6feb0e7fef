package fourthline

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"
	"time"
)

// Limits of an archive. The pictures in it are never unpacked.
const (
	maxArchive   = 128 << 20
	maxFiles     = 200
	maxDirectory = 256 << 10 // bytes that may be read to learn the names
	maxMetadata  = 256 << 10 // unpacked
)

// metadata is what the vendor's SDKs write (in their words), as far as it is looked at.
type metadata struct {
	Person *struct {
		FirstName       string `json:"firstName"`
		LastName        string `json:"lastName"`
		BirthDate       string `json:"birthDate"`
		NationalityCode string `json:"nationalityCode"`
	} `json:"person"`
	Address struct {
		Street      string `json:"street"`
		City        string `json:"city"`
		CountryCode string `json:"countryCode"`
		PostalCode  string `json:"postalCode"`
	} `json:"address"`
	Contacts struct {
		Mobile string `json:"mobile"`
	} `json:"contacts"`
	Document struct {
		Type           string            `json:"type"`
		Number         string            `json:"number"`
		ExpirationDate string            `json:"expirationDate"`
		Images         []json.RawMessage `json:"images"`
	} `json:"document"`
	Selfie json.RawMessage `json:"selfie"`
}

// examine looks at an archive and says how its check will end, and whether somebody has to look at it for a day.
func examine(archive io.ReaderAt, size int64, now time.Time) (e ending, long bool) {
	m, pictures, code := unpack(archive, size)
	if code == 0 {
		code = m.missing(now)
	}
	if code == 0 && pictures == 0 {
		code = codeNothingToShow
	}
	if code == 0 {
		code, long = m.scenario()
	}
	e, ok := endingOfCode(code)
	if !ok { // a mistake in the tables
		e = ending{statusInvalid, codeArchive}
	}
	return e, long
}

// unpack reads the metadata of an archive and counts its pictures. A code other than 0 says that it cannot be used.
func unpack(archive io.ReaderAt, size int64) (m metadata, pictures int, code int) {
	directory := &allowance{ReaderAt: archive, left: maxDirectory}
	z, err := zip.NewReader(directory, size)
	if err != nil || len(z.File) > maxFiles {
		return m, 0, codeArchive
	}
	directory.left = math.MaxInt64
	var notes []*zip.File
	for _, f := range z.File {
		switch name := strings.TrimSuffix(f.Name, "/"); {
		case !fs.ValidPath(name) || strings.Contains(name, `\`):
			return m, 0, codeArchive // it wants to be somewhere else
		case path.Ext(name) == ".json":
			notes = append(notes, f)
		case slices.Contains([]string{".jpg", ".jpeg", ".png", ".heic"}, strings.ToLower(path.Ext(name))) && f.UncompressedSize64 > 0:
			pictures++
		}
	}
	if len(notes) > 1 { // then the name tells
		notes = slices.DeleteFunc(notes, func(f *zip.File) bool { return path.Base(f.Name) != metadataName })
	}
	if len(notes) != 1 {
		return m, 0, codeMetadata
	}
	text, err := readUpTo(notes[0], maxMetadata)
	if err != nil || json.Unmarshal(text, &m) != nil {
		return m, 0, codeMetadata
	}
	return m, pictures, 0
}

// metadataName is the name of the metadata where there are several JSON files.
const metadataName = "metadata.json"

// readUpTo unpacks a file, whatever size it claims to have.
func readUpTo(f *zip.File, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = errors.New("too large")
	}
	return text, err
}

// allowance lets so much be read, so that a directory of millions of names is given up.
type allowance struct {
	io.ReaderAt
	left int64
}

// ReadAt implements io.ReaderAt.
func (a *allowance) ReadAt(p []byte, at int64) (int, error) {
	if a.left -= int64(len(p)); a.left < 0 {
		return 0, errors.New("the directory is too large")
	}
	return a.ReaderAt.ReadAt(p, at)
}

// missing gives the code of the first thing that is missing or cannot be so; 0 if nothing is.
func (m metadata) missing(now time.Time) int {
	empty := func(fields ...string) bool {
		return slices.ContainsFunc(fields, func(s string) bool { return strings.TrimSpace(s) == "" })
	}
	switch expires, err := day(m.Document.ExpirationDate); {
	case m.Person == nil:
		return codePersonType
	case empty(m.Person.FirstName, m.Person.LastName):
		return codeName
	case !isDay(m.Person.BirthDate):
		return codeBirthDate
	case len(m.Person.NationalityCode) != 2 && len(m.Person.NationalityCode) != 3:
		return codeNationality
	case empty(m.Address.Street, m.Address.City, m.Address.CountryCode, m.Address.PostalCode):
		return codeAddress
	case empty(m.Contacts.Mobile):
		return codeContacts
	case empty(m.Document.Type, m.Document.Number):
		return codeDocument
	case err != nil, expires.Before(now.Truncate(24 * time.Hour)):
		return codeExpiry
	case len(m.Document.Images) == 0:
		return codePictures
	case len(m.Selfie) == 0 || string(m.Selfie) == "null":
		return codeSelfie
	}
	return 0
}

// day reads a date, which may have a time behind it.
func day(s string) (time.Time, error) {
	return time.Parse(time.DateOnly, s[:min(len(s), len(time.DateOnly))])
}

func isDay(s string) bool {
	_, err := day(s)
	return err == nil
}

// The test names: first or last name.
const (
	testName   = "X-AUTOTEST-"
	happyPath  = "HAPPYPATH"
	longReview = "LONGREVIEW"
	codeCase   = "CODE-" // and the code
)

// scenario says what becomes of a test person, and of everybody else: all is well. A test name that says nothing is none.
func (m metadata) scenario() (code int, long bool) {
	for _, name := range []string{m.Person.FirstName, m.Person.LastName} {
		test, ok := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(name)), testName)
		if !ok {
			continue
		}
		wanted, coded := strings.CutPrefix(test, codeCase)
		switch e, err := endingOf(wanted); {
		case coded && err == nil:
			return e.Code, false
		case test == longReview:
			return acceptedCode, true
		case test == happyPath:
			return acceptedCode, false
		}
		return codeName, false
	}
	return acceptedCode, false
}
