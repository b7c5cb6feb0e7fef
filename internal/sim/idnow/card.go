package idnow

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
)

// The specimen card, in pixels: an ID-1 card of 85.6 mm by 54 mm at about 225 dots per inch.
const cardWidth, cardHeight = 760, 480

var (
	ink       = color.RGBA{24, 32, 56, 255}
	label     = color.RGBA{70, 90, 130, 255}
	line      = color.RGBA{120, 150, 190, 90}
	watermark = color.RGBA{190, 40, 50, 70}
)

// card is a specimen identity document, as a pure function of a result.
type card struct {
	mrzData
	Type, Birthplace, IssuedBy, Issued, Address, City string
}

// cardOf takes from a result what is printed on the document.
func cardOf(r result) card {
	u, d := r.User, r.Document
	home := cmp.Or(u.Address, &address{})
	c := card{
		mrzData: mrzData{
			Kind: "ID", Issuer: value(d.Country), Nationality: cmp.Or(value(u.Nationality), value(d.Country)), Number: value(d.Number),
			Birth: value(u.Birthday), Expiry: value(d.ValidUntil), Gender: value(u.Gender),
			Surname: value(u.Lastname), Given: value(u.Firstname),
		},
		Type: "IDENTITY CARD", Birthplace: value(u.Birthplace), IssuedBy: value(d.IssuedBy), Issued: value(d.DateIssued),
		Address: value(home.Street) + " " + value(home.Streetnumber), City: value(home.Zipcode) + " " + value(home.City),
	}
	switch value(d.Type) {
	case passport:
		c.Kind, c.Type = "P", "PASSPORT"
	case residencePermit:
		c.Kind, c.Type = "AR", "RESIDENCE PERMIT"
	case driversLicense:
		c.Kind, c.Type = "D1", "DRIVING LICENCE"
	}
	return c
}

func value(c *cell) string {
	if c == nil {
		return ""
	}
	return c.Value
}

// front draws the side with the portrait; a passport's carries the machine readable zone as well.
func (c card) front() *image.RGBA {
	img := c.blank()
	drawPortrait(img, image.Rect(40, 104, 236, 350))
	fields := []struct{ name, value string }{
		{"SURNAME", c.Surname}, {"GIVEN NAMES", c.Given}, {"DATE OF BIRTH", c.Birth}, {"PLACE OF BIRTH", c.Birthplace},
		{"DATE OF EXPIRY", c.Expiry},
	}
	for i, f := range fields {
		drawField(img, 264, 104+i*50, f.name, f.value, 36)
	}
	drawField(img, 500, 204, "NATIONALITY", mrzCountry(c.Nationality), 6)
	drawField(img, 640, 204, "SEX", c.sex(), 1)
	drawField(img, 500, 304, "DOCUMENT NO.", c.Number, 12)
	if c.Kind == "P" {
		drawMRZ(img, c.td3(), 382, 2.7)
	} else {
		drawText(img, 40, 382, 2, label, "SPECIMEN  -  NOT A VALID DOCUMENT")
	}
	drawText(img, 170, 226, 9, watermark, "SPECIMEN")
	return img
}

// back draws the side with the address; a card's carries the machine readable zone.
func (c card) back() *image.RGBA {
	img := c.blank()
	drawField(img, 40, 110, "ADDRESS", c.Address, 36)
	drawText(img, 40, 150, 2.4, ink, clip(cardText(c.City), 40))
	drawField(img, 40, 200, "AUTHORITY", c.IssuedBy, 36)
	drawField(img, 40, 250, "DATE OF ISSUE", c.Issued, 12)
	drawText(img, 420, 140, 5, watermark, "SPECIMEN")
	if c.Kind != "P" {
		drawMRZ(img, c.td1(), 330, 3.9)
	}
	return img
}

// face draws the portrait that the agent took in the call.
func face() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 360, 450))
	drawPortrait(img, img.Rect)
	drawText(img, 20, 410, 3, watermark, "SIMULATED PORTRAIT")
	return img
}

// blank is a card without anything of a person: a pale ground, fine waves and a head line.
func (c card) blank() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, cardWidth, cardHeight))
	for y := range cardHeight {
		shade := uint8(y * 14 / cardHeight)
		draw.Draw(img, image.Rect(0, y, cardWidth, y+1), image.NewUniform(color.RGBA{226 + shade, 236, 246 - shade, 255}), image.Point{}, draw.Src)
	}
	for wave := range 26 {
		for x := range cardWidth {
			y := float64(wave*20) + 16*math.Sin(float64(x)/58+float64(wave)*.7)
			blend(img, x, int(y), line, 1-(y-math.Floor(y)))
			blend(img, x, int(y)+1, line, y-math.Floor(y))
		}
	}
	draw.Draw(img, image.Rect(0, 0, cardWidth, 78), image.NewUniform(color.RGBA{38, 70, 120, 255}), image.Point{}, draw.Src)
	white := color.RGBA{255, 255, 255, 255}
	drawText(img, 40, 20, 3.4, white, c.Type)
	drawText(img, 40, 54, 1.6, white, "SIMULATION  -  NO LEGAL VALUE")
	drawText(img, 640, 20, 3.4, white, mrzCountry(c.Issuer))
	return img
}

func drawField(img *image.RGBA, x, y int, name, text string, most int) {
	drawText(img, x, y, 1.5, label, name)
	text = clip(cardText(text), most)
	scale := 2.4
	if len(text) > 24 {
		scale = 1.8 // a long name in smaller print
	}
	drawText(img, x, y+17, scale, ink, text)
}

func clip(s string, most int) string { return s[:min(len(s), most)] }

func drawMRZ(img *image.RGBA, lines []string, y int, scale float64) {
	draw.Draw(img, image.Rect(0, y-14, cardWidth, cardHeight), image.NewUniform(color.RGBA{248, 250, 250, 255}), image.Point{}, draw.Src)
	for i, text := range lines {
		drawText(img, 26, y+int(float64(i)*11*scale), scale, color.RGBA{0, 0, 0, 255}, text)
	}
}

// drawPortrait draws a head and shoulders that are nobody's.
func drawPortrait(img *image.RGBA, box image.Rectangle) {
	draw.Draw(img, box, image.NewUniform(color.RGBA{206, 214, 222, 255}), image.Point{}, draw.Src)
	figure := color.RGBA{112, 126, 146, 255}
	w, h := float64(box.Dx()), float64(box.Dy())
	head := ellipse{w / 2, h * .39, w * .21, h * .21}
	shoulders := ellipse{w / 2, h * 1.02, w * .42, h * .36}
	for y := range box.Dy() {
		for x := range box.Dx() {
			cover := max(head.cover(x, y), shoulders.cover(x, y))
			blend(img, box.Min.X+x, box.Min.Y+y, figure, cover)
		}
	}
}

// ellipse has a middle and two half axes.
type ellipse struct{ x, y, a, b float64 }

// cover is how much of the pixel lies within, about: the edge is one pixel soft.
func (e ellipse) cover(x, y int) float64 {
	dx, dy := (float64(x)+.5-e.x)/e.a, (float64(y)+.5-e.y)/e.b
	return min(max((1-math.Sqrt(dx*dx+dy*dy))*min(e.a, e.b)+.5, 0), 1)
}

func encodeJPEG(img image.Image) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 82}); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return out.Bytes(), nil
}
