package fourthline

import (
	"archive/zip"
	"bytes"
	_ "embed" // the metadata
	"encoding/base64"
	"encoding/json"
	"fmt"
)

//go:embed testdata/metadata.json
var sampleMetadata []byte

// samplePicture is a PNG file of one grey point.
const samplePicture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="

// Sample makes a small KYC ZIP with which all is well, but for what change does to its metadata; nil changes nothing.
func Sample(change func(metadata map[string]any)) ([]byte, error) {
	text := sampleMetadata
	if change != nil {
		var m map[string]any
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, fmt.Errorf("make a sample: %w", err)
		}
		change(m)
		var err error
		if text, err = json.Marshal(m); err != nil {
			return nil, fmt.Errorf("make a sample: %w", err)
		}
	}
	picture, err := base64.StdEncoding.DecodeString(samplePicture)
	if err != nil {
		return nil, fmt.Errorf("make a sample: %w", err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range []struct {
		name    string
		content []byte
	}{{metadataName, text}, {"document.png", picture}, {"selfie.png", picture}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store}) // packed, it would differ from one Go to the next
		if err == nil {
			_, err = w.Write(f.content)
		}
		if err != nil {
			return nil, fmt.Errorf("make a sample: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("make a sample: %w", err)
	}
	return b.Bytes(), nil
}
