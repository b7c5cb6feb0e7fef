package idnow

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

const (
	maxFiles    = 200
	maxUnpacked = 256 << 20
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

// unpack reads the ZIP. Names are data: none of them becomes a path.
func unpack(identification string, whole []byte) ([]provider.File, error) {
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		return nil, fmt.Errorf("the ZIP cannot be read: %w", err)
	}
	if len(z.File) > maxFiles {
		return nil, fmt.Errorf("the ZIP holds more than %d files", maxFiles)
	}
	var files []provider.File
	left := int64(maxUnpacked)
	for _, entry := range z.File {
		name, kind, contentType := classify(identification, entry.Name)
		if kind == "" {
			continue
		}
		data, err := content(entry, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(data))
		files = append(files, provider.File{Name: name, Type: kind, ContentType: contentType, Data: data})
	}
	slices.SortFunc(files, func(a, b provider.File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
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
	if contentType == "" || documentTypes[stem] == "" {
		return "", "", ""
	}
	return stem + ext, documentTypes[stem], contentType
}

func content(entry *zip.File, left int64) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, fmt.Errorf("the ZIP cannot be read: %w", err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, left+1))
	if err != nil {
		return nil, fmt.Errorf("the ZIP cannot be read: %w", err)
	}
	if int64(len(data)) > left {
		return nil, errors.New("the ZIP unpacks to too many bytes")
	}
	return data, nil
}
