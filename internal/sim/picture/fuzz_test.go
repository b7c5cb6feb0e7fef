package picture

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"
)

// FuzzExamine: whatever is uploaded, there is a JPEG or the fault that there is
// none, and what is kept is one that can be read.
func FuzzExamine(f *testing.F) {
	var small bytes.Buffer
	if err := jpeg.Encode(&small, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(small.Bytes())
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if config, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && config.Width*config.Height > 1<<20 {
			return // takes the fuzzer too long
		}
		p := Examine(data, Document)
		if (p.Fault == NotPicture) != (p.JPEG == nil) {
			t.Fatalf("%q with %d bytes", p.Fault, len(p.JPEG))
		}
		if p.JPEG != nil {
			if _, err := jpeg.Decode(bytes.NewReader(p.JPEG)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
