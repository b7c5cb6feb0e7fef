package idnow

import (
	"archive/zip"
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

// unpack reads the ZIP's directory. Names are data: none of them becomes a path.
// Nothing is unpacked yet; a file that holds more than the directory says fails
// when it is read.
func unpack(identification string, whole io.ReaderAt, size int64) ([]provider.File, error) {
	directory := &allowance{ReaderAt: whole, left: maxDirectory}
	z, err := zip.NewReader(directory, size)
	if err != nil {
		return nil, fmt.Errorf("the ZIP cannot be read: %w", err)
	}
	directory.left = math.MaxInt64
	if len(z.File) > maxFiles {
		return nil, fmt.Errorf("the ZIP holds more than %d files", maxFiles)
	}
	var files []provider.File
	left := uint64(maxUnpacked)
	for _, entry := range z.File {
		name, kind, contentType := classify(identification, entry.Name)
		if kind == "" {
			continue
		}
		if entry.UncompressedSize64 > left {
			return nil, errors.New("the ZIP unpacks to too many bytes")
		}
		left -= entry.UncompressedSize64
		files = append(files, provider.File{Name: name, Type: kind, ContentType: contentType, Open: entry.Open})
	}
	slices.SortStableFunc(files, func(a, b provider.File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// allowance lets so many bytes be read: a directory of millions of names would
// fill the memory before it could be counted.
type allowance struct {
	io.ReaderAt
	left int64
}

func (a *allowance) ReadAt(p []byte, off int64) (int, error) {
	if int64(len(p)) > a.left {
		return 0, errors.New("its directory is too large")
	}
	a.left -= int64(len(p))
	return a.ReaderAt.ReadAt(p, off)
}

// classify says what an entry is, and gives it a plain name.
func classify(identification, entry string) (name, kind, contentType string) {
	base := path.Base(strings.ReplaceAll(entry, `\`, "/"))
	ext := strings.ToLower(path.Ext(base))
	stem := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(base, path.Ext(base)), identification), "_")
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
