package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"
)

// document draws what looks like one from afar: rows of letters on a pale ground.
func document(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(color.RGBA{222, 230, 238, 255}), image.Point{}, draw.Src)
	chance := rand.New(rand.NewPCG(1, 2))
	for y := h / 8; y < h; y += h / 10 {
		for x := w / 20; x < w*9/10; x += w / 40 {
			if chance.IntN(5) > 0 {
				draw.Draw(img, image.Rect(x, y, x+w/90, y+h/25), image.NewUniform(color.RGBA{30, 40, 60, 255}), image.Point{}, draw.Src)
			}
		}
	}
	return img
}

// blurred takes the mean of each pixel's neighbourhood, as a lens out of focus
// does: first along the rows, then along the columns.
func blurred(from *image.RGBA, radius int) *image.RGBA {
	w, h := from.Rect.Dx(), from.Rect.Dy()
	pass := func(pix []uint8, step, length, others, otherStep int) []uint8 {
		out := make([]uint8, len(pix))
		for line := range others {
			for channel := range 4 {
				at := func(i int) int { return line*otherStep + i*step + channel }
				sums := make([]int, length+1)
				for i := range length {
					sums[i+1] = sums[i] + int(pix[at(i)])
				}
				for i := range length {
					low, high := max(0, i-radius), min(length, i+radius+1)
					out[at(i)] = uint8((sums[high] - sums[low]) / (high - low))
				}
			}
		}
		return out
	}
	to := image.NewRGBA(from.Rect)
	to.Pix = pass(pass(from.Pix, 4, w, h, from.Stride), from.Stride, h, w, 4)
	return to
}

// lit changes the light: each colour becomes base + factor × colour.
func lit(from *image.RGBA, base, factor float64) *image.RGBA {
	to := image.NewRGBA(from.Rect)
	for i, v := range from.Pix {
		to.Pix[i] = uint8(min(255, base+factor*float64(v)))
		if i%4 == 3 {
			to.Pix[i] = 255
		}
	}
	return to
}

func asJPEG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asPNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestExamine(t *testing.T) {
	good := document(1200, 760)
	upright := document(700, 1200)
	for name, c := range map[string]struct {
		data []byte
		want Fault
	}{
		"good":                       {asJPEG(t, good), None},
		"good PNG":                   {asPNG(t, good), None},
		"upright":                    {asJPEG(t, upright), None},
		"from a camera of 12 MP":     {asJPEG(t, document(4000, 3000)), None},
		"in a dim room":              {asJPEG(t, lit(good, 0, .4)), None},
		"bright":                     {asJPEG(t, lit(good, 20, 1)), None},
		"the least size":             {asPNG(t, document(480, 300)), None},
		"too narrow":                 {asPNG(t, document(1200, 299)), TooSmall},
		"a thumbnail":                {asPNG(t, document(160, 100)), TooSmall},
		"almost black":               {asJPEG(t, lit(good, 0, .1)), Dark},
		"black":                      {asPNG(t, lit(good, 0, 0)), Dark},
		"overexposed":                {asJPEG(t, lit(good, 150, 1)), Glare},
		"white":                      {asPNG(t, lit(good, 255, 0)), Glare},
		"nothing drawn: transparent": {asPNG(t, image.NewNRGBA(image.Rect(0, 0, 600, 400))), Glare},
		"out of focus":               {asJPEG(t, blurred(good, 12)), Blurry},
		"far out of focus":           {asJPEG(t, blurred(good, 30)), Blurry},
		"plain gray":                 {asPNG(t, lit(good, 120, 0)), Blurry},
		"a text":                     {[]byte("I am a picture"), NotPicture},
		"nothing":                    {nil, NotPicture},
		"a PDF":                      {[]byte("%PDF-1.7"), NotPicture},
		"half a JPEG":                {asJPEG(t, good)[:400], NotPicture},
		"half a PNG":                 {asPNG(t, good)[:400], NotPicture},
	} {
		t.Run(name, func(t *testing.T) {
			got := Examine(c.data, Document)
			if got.Fault != c.want {
				t.Errorf("the fault is %q, want %q", got.Fault, c.want)
			}
			if (got.JPEG == nil) != (c.want == NotPicture) {
				t.Errorf("%d bytes are kept of a picture with the fault %q", len(got.JPEG), c.want)
			}
			if got.JPEG == nil {
				return
			}
			config, err := jpeg.DecodeConfig(bytes.NewReader(got.JPEG))
			if err != nil || max(config.Width, config.Height) > 1600 {
				t.Errorf("kept: %d by %d, %v", config.Width, config.Height, err)
			}
			if again := Examine(got.JPEG, Document); again.Fault != c.want {
				t.Errorf("what is kept has the fault %q, and the picture %q", again.Fault, c.want)
			}
		})
	}
}

// TestEnormous: a file of few bytes that would take gigabytes is not decoded.
func TestEnormous(t *testing.T) {
	header := asPNG(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	copy(header[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65,536 by 65,536; the checksum of the header is wrong besides
	if got := Examine(header, Document); got.Fault != NotPicture {
		t.Errorf("%q", got.Fault)
	}
	tall := asPNG(t, image.NewGray(image.Rect(0, 0, 9000, 9000)))
	if got := Examine(tall, Document); got.Fault != NotPicture || got.JPEG != nil {
		t.Errorf("81 megapixels: %q", got.Fault)
	}
}

// TestFacesAreSmooth: what is too blurred for a document may do for a face.
func TestFacesAreSmooth(t *testing.T) {
	soft := asJPEG(t, blurred(document(800, 1000), 8))
	if Examine(soft, Document).Fault != Blurry || Examine(soft, Face).Fault != None {
		t.Errorf("document: %q, face: %q", Examine(soft, Document).Fault, Examine(soft, Face).Fault)
	}
	if got := Examine(asJPEG(t, blurred(document(800, 1000), 60)), Face).Fault; got != Blurry {
		t.Errorf("a face that is nothing but blur: %q", got)
	}
}
