package idnow

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

const (
	maxFiles     = 200
	maxUnpacked  = 256 << 20
	maxDirectory = 256 << 10 // bytes that may be read to learn the names
)

// documentTypes says what the files of the ZIP are, by the stem of their name
// without the transaction number (providers.md §1.12). The firm's own report,
// XML, JSON and signature stay in the archive.
var documentTypes = map[string]string{
	"idfrontside": kyc.DocumentID, "idbackside": kyc.DocumentID, "idholograms": kyc.DocumentID,
	"userface": kyc.DocumentPicture, "livenessscreenshot1": kyc.DocumentPicture,
	"security1": kyc.DocumentPicture, "security2": kyc.DocumentPicture, "security3": kyc.DocumentPicture,
	"security_covered": kyc.DocumentPicture,
	"videolog":         kyc.DocumentVideo,
	"audiolog":         kyc.DocumentOther,
}

var contentTypes = map[string]string{
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".mp3": "audio/mpeg", ".wav": "audio/wav",
	".mp4": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska",
}

// The rules that an archive must keep (docs/operating.md says them to operators).
// One that breaks any is refused as a whole: what else is in it is worth nothing.
const (
	tooManyFiles      = "too_many_files"
	directoryTooLarge = "directory_too_large"
	unpacksTooLarge   = "unpacks_too_large"
	pathInName        = "path_in_name"
	badName           = "bad_name"
	nameTwice         = "name_twice"
	otherTransaction  = "other_transaction"
	damaged           = "damaged"
)

func breaks(rule string) error { return &provider.BadArchive{Rule: rule} }

// unpack reads the ZIP's directory. Names are data: none of them becomes a path.
// Nothing is unpacked yet; a file that holds more than the directory says fails
// when it is read.
func unpack(identification string, whole io.ReaderAt, size int64) ([]provider.File, error) {
	directory := &allowance{ReaderAt: whole, left: maxDirectory}
	z, err := zip.NewReader(directory, size)
	if directory.left < 0 {
		return nil, breaks(directoryTooLarge)
	}
	if err != nil {
		return nil, fmt.Errorf("the ZIP cannot be read: %w", err)
	}
	directory.left = math.MaxInt64
	if len(z.File) > maxFiles {
		return nil, breaks(tooManyFiles)
	}
	var files []provider.File
	left, seen := uint64(maxUnpacked), map[string]bool{}
	for _, entry := range z.File {
		if rule := brokenBy(entry.Name, seen); rule != "" {
			return nil, breaks(rule)
		}
		if entry.UncompressedSize64 > left {
			return nil, breaks(unpacksTooLarge)
		}
		left -= entry.UncompressedSize64
		name, kind, contentType := classify(identification, entry.Name)
		if kind == "" && foreign(entry.Name) {
			return nil, breaks(otherTransaction)
		}
		if kind == "" {
			continue
		}
		if seen["as "+name] {
			return nil, breaks(nameTwice)
		}
		seen["as "+name] = true
		files = append(files, provider.File{Name: name, Type: kind, ContentType: contentType, Open: opener(entry)})
	}
	slices.SortStableFunc(files, func(a, b provider.File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// brokenBy says which rule a name breaks, if any: the firm's archives are flat.
func brokenBy(name string, seen map[string]bool) (rule string) {
	switch {
	case kyc.CheckText(name, maxWord) != "" || name == "":
		return badName
	case strings.ContainsAny(name, `/\:`) || name == "." || name == "..":
		return pathInName
	case seen["is "+name]:
		return nameTwice
	}
	seen["is "+name] = true
	return ""
}

// foreign tells whether a name that is none of this transaction's would be that
// of a document of another.
func foreign(name string) bool {
	stem := strings.TrimSuffix(name, path.Ext(name))
	for known := range documentTypes {
		if strings.HasSuffix(stem, "_"+known) {
			return contentTypes[strings.ToLower(path.Ext(name))] != ""
		}
	}
	return false
}

// opener opens an entry; what is wrong with its bytes is the archive's fault.
func opener(entry *zip.File) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		r, err := entry.Open()
		if err != nil {
			return nil, blame(err)
		}
		return blaming{r}, nil
	}
}

type blaming struct{ io.ReadCloser }

func (b blaming) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	return n, blame(err)
}

func blame(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrAlgorithm),
		errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &corrupt):
		return garbage(breaks(damaged))
	}
	return err
}

// allowance lets so many bytes be read: a directory of millions of names would
// fill the memory before it could be counted. Below zero it was not enough.
type allowance struct {
	io.ReaderAt
	left int64
}

func (a *allowance) ReadAt(p []byte, off int64) (int, error) {
	if int64(len(p)) > a.left {
		a.left = -1
		return 0, errors.New("its directory is too large")
	}
	a.left -= int64(len(p))
	return a.ReaderAt.ReadAt(p, off)
}

// classify says what an entry is, and gives it a plain name.
func classify(identification, entry string) (name, kind, contentType string) {
	ext := strings.ToLower(path.Ext(entry))
	stem := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(entry, path.Ext(entry)), identification), "_")
	contentType = contentTypes[ext]
	if stem == "" && strings.HasPrefix(contentType, "audio/") {
		stem = "audiolog" // real archives call it <tx>.mp3
	}
	if ext == ".pdf" && strings.HasSuffix(stem, "_signed") { // a contract; what else is PDF is the firm's own report
		return stem + ext, kyc.DocumentSignedContract, "application/pdf"
	}
	if contentType == "" || documentTypes[stem] == "" {
		return "", "", ""
	}
	return stem + ext, documentTypes[stem], contentType
}
