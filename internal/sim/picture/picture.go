// Package picture looks at a picture that somebody uploaded for an
// identification: is it one at all, large enough, lit well, sharp? It says what a
// person who looks at it would say first, and makes a plain JPEG of it.
//
// It knows no firm and no wire; what a fault is called there, its callers know.
package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	_ "image/png" // read too
	"math"
)

// Fault is what is wrong with a picture.
type Fault string

// The faults, in the order in which they are looked for.
const (
	None       Fault = ""
	NotPicture Fault = "notpicture" // no JPEG or PNG, a broken one, or one of more than MaxPixels
	TooSmall   Fault = "toosmall"
	Dark       Fault = "dark"   // almost black
	Glare      Fault = "glare"  // almost white
	Blurry     Fault = "blurry" // no edges to speak of
)

const (
	// MaxPixels is how large a picture may be: decoded it is in memory as a whole.
	MaxPixels = 50 << 20

	minLong, minShort = 480, 300 // pixels of the sides
	keptLong          = 1600     // of the JPEG that is kept
	seenLong          = 800      // of the gray picture that is looked at

	darkMean   = 35.0 // luminance, 0 to 255
	whiteMean  = 243.0
	whiteShare = 0.7 // of pixels without any drawing in them
	white      = 252
)

// The least variance of the Laplacian of a sharp picture. A document is full of
// edges, a face is not.
const (
	Document = 60.0
	Face     = 8.0
)

// Picture is an uploaded picture, looked at.
type Picture struct {
	JPEG  []byte // 1,600 pixels at most, without any of the file's own notes; nil if it was no picture
	Fault Fault
}

// Examine looks at the bytes of a file. sharp is how sharp it must be: Document
// or Face.
func Examine(data []byte, sharp float64) Picture {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width < 1 || config.Height < 1 || config.Width > MaxPixels/config.Height {
		return Picture{Fault: NotPicture}
	}
	decoded, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return Picture{Fault: NotPicture}
	}
	kept := shrink(decoded, keptLong)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, kept, &jpeg.Options{Quality: 85}); err != nil {
		return Picture{Fault: NotPicture}
	}
	long, short := max(config.Width, config.Height), min(config.Width, config.Height)
	if long < minLong || short < minShort {
		return Picture{JPEG: out.Bytes(), Fault: TooSmall}
	}
	return Picture{JPEG: out.Bytes(), Fault: fault(grayOf(shrink(kept, seenLong)), sharp)}
}

// fault judges a gray picture.
func fault(g *image.Gray, sharp float64) Fault {
	sum, whites := 0.0, 0
	for _, y := range g.Pix {
		sum += float64(y)
		if y >= white {
			whites++
		}
	}
	n := float64(len(g.Pix))
	switch mean := sum / n; {
	case mean < darkMean:
		return Dark
	case mean > whiteMean, float64(whites) > whiteShare*n:
		return Glare
	case laplacian(g) < sharp:
		return Blurry
	}
	return None
}

// laplacian is the variance of the picture's second derivative: where nothing has
// an edge, it is small.
func laplacian(g *image.Gray) float64 {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	if w < 3 || h < 3 {
		return 0
	}
	sum, squares := 0.0, 0.0
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			at := y*g.Stride + x
			v := float64(g.Pix[at-1]) + float64(g.Pix[at+1]) + float64(g.Pix[at-g.Stride]) + float64(g.Pix[at+g.Stride]) - 4*float64(g.Pix[at])
			sum += v
			squares += v * v
		}
	}
	n := float64((w - 2) * (h - 2))
	return squares/n - (sum/n)*(sum/n)
}

// shrink makes a picture whose longer side has this many pixels at most; each is
// the mean of those that it stands for. What is transparent becomes white.
func shrink(from image.Image, long int) *image.RGBA {
	box := from.Bounds()
	scale := math.Min(1, float64(long)/float64(max(box.Dx(), box.Dy())))
	w, h := max(1, int(float64(box.Dx())*scale)), max(1, int(float64(box.Dy())*scale))
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	row := image.NewRGBA(image.Rect(0, 0, box.Dx(), 1))
	sums := make([][4]int, w) // red, green, blue and how many, of the row that is being made
	for y := range h {
		clear(sums)
		for sy := y * box.Dy() / h; sy < (y+1)*box.Dy()/h; sy++ {
			draw.Draw(row, row.Rect, image.White, image.Point{}, draw.Src)
			draw.Draw(row, row.Rect, from, image.Pt(box.Min.X, box.Min.Y+sy), draw.Over)
			for x := range w {
				for sx := x * box.Dx() / w; sx < (x+1)*box.Dx()/w; sx++ {
					p := row.Pix[4*sx : 4*sx+3]
					sums[x][0], sums[x][1], sums[x][2], sums[x][3] = sums[x][0]+int(p[0]), sums[x][1]+int(p[1]), sums[x][2]+int(p[2]), sums[x][3]+1
				}
			}
		}
		for x, s := range sums {
			n := max(s[3], 1)
			to.SetRGBA(x, y, color.RGBA{uint8(s[0] / n), uint8(s[1] / n), uint8(s[2] / n), 255})
		}
	}
	return to
}

func grayOf(from *image.RGBA) *image.Gray {
	g := image.NewGray(from.Rect)
	draw.Draw(g, g.Rect, from, image.Point{}, draw.Src)
	return g
}
