package main

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
)

// paint is how a state looks: line, fill and text.
type paint struct{ line, fill, text string }

var (
	blue  = paint{"#2f6fb2", "#e8f1fb", "#173f6b"}
	amber = paint{"#b26a12", "#fdf3e3", "#6b3f08"}
	plum  = paint{"#7a55b0", "#f2ecfa", "#472a72"}
	green = paint{"#23834f", "#e6f5ec", "#124c2c"}
	red   = paint{"#bd3b3b", "#fbeaea", "#741d1d"}
	grey  = paint{"#69727d", "#f0f2f4", "#3b424a"}
)

var paints = map[kyc.State]paint{
	kyc.Pending: blue, kyc.Aborted: amber, kyc.Canceled: amber, kyc.PendingSuccessful: plum, kyc.PendingFailed: plum,
	kyc.Processed: plum, kyc.Confirmed: plum,
	kyc.Successful: green, kyc.Failed: red, kyc.Rejected: red, kyc.Expired: grey, kyc.Created: grey,
}

func paintOf(s kyc.State) paint {
	if p, ok := paints[s]; ok {
		return p
	}
	return blue
}

const style = `
  text { font-family: "DejaVu Sans", Verdana, "Segoe UI", Helvetica, sans-serif; }
  .event { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 13px; stroke: #fff; stroke-width: 4px; paint-order: stroke; }
  .state { font-size: 14px; font-weight: bold; text-anchor: middle; }
  .title { font-size: 18px; font-weight: bold; fill: #1d2630; }
  .note { font-size: 12.5px; fill: #4b5560; }
  .line { fill: none; stroke-width: 1.8px; }
  .halo { fill: none; stroke: #fff; stroke-width: 6px; }
`

// svg writes the picture.
func (d *drawing) svg() []byte {
	var b bytes.Buffer
	w, h := math.Ceil(d.width), math.Ceil(d.height)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]g %[2]g" width="%[1]g" height="%[2]g" role="img" aria-labelledby="title desc">`+"\n", w, h)
	fmt.Fprintf(&b, "<!-- Made by internal/method/diagram from the table of the method: run make generate. -->\n")
	fmt.Fprintf(&b, `<title id="title">%s</title>`+"\n"+`<desc id="desc">%s</desc>`+"\n", html.EscapeString(d.title), html.EscapeString(d.words()))
	fmt.Fprintf(&b, "<style>%s</style>\n", style)
	fmt.Fprintf(&b, `<rect width="%g" height="%g" rx="10" fill="#ffffff" stroke="#d8dde3"/>`+"\n", w, h)
	fmt.Fprintf(&b, `<text class="title" x="%g" y="34">%s</text>`+"\n", margin, html.EscapeString(d.title))
	d.heads(&b)
	d.drawFrame(&b)
	for _, s := range d.machine.States() {
		d.drawArrowsTo(&b, s)
	}
	for _, s := range d.machine.States() {
		d.drawBox(&b, s)
	}
	for _, e := range d.edges {
		fmt.Fprintf(&b, `<text class="event" x="%s" y="%s" text-anchor="%s" fill="%s">%s</text>`+"\n",
			num(e.label.at.x), num(e.label.at.y), e.label.anchor, paintOf(e.to).text, html.EscapeString(e.label.text))
	}
	d.legend(&b)
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// words is the picture for those who do not see it.
func (d *drawing) words() string {
	var lines []string
	for _, e := range d.edges {
		from := string(e.from)
		if from == "" {
			from = "each of " + join(d.family)
		}
		lines = append(lines, fmt.Sprintf("%s: %s leads to %s.", from, e.text(), e.to))
	}
	return strings.Join(lines, " ")
}

func join(states []kyc.State) string {
	words := make([]string, len(states))
	for i, s := range states {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

// heads defines an arrow head for each colour in use.
func (d *drawing) heads(b *bytes.Buffer) {
	b.WriteString("<defs>\n")
	var done []string
	for _, s := range d.machine.States() {
		colour := paintOf(s).line
		if slices.Contains(done, colour) {
			continue
		}
		done = append(done, colour)
		fmt.Fprintf(b, `<marker id="head%s" viewBox="0 0 10 10" refX="9.5" refY="5" markerWidth="7.5" markerHeight="7.5" orient="auto"><path d="M0 1 L10 5 L0 9 Z" fill="%s"/></marker>`+"\n",
			colour[1:], colour)
	}
	b.WriteString("</defs>\n")
}

func (d *drawing) drawFrame(b *bytes.Buffer) {
	if len(d.family) == 0 {
		return
	}
	f := d.frame
	fmt.Fprintf(b, `<rect x="%s" y="%s" width="%s" height="%s" rx="12" fill="#fafbfd" stroke="#9fb3c8" stroke-dasharray="6 4"/>`+"\n",
		num(f.x), num(f.y), num(f.w), num(f.h))
	fmt.Fprintf(b, `<text class="note" x="%s" y="%s">%s</text>`+"\n", num(f.x+14), num(f.bottom()-14), html.EscapeString(d.familyTitle))
}

// drawArrowsTo draws what leads to a state: first what keeps other lines away
// where they cross, then the lines, so that those that meet run into each other.
func (d *drawing) drawArrowsTo(b *bytes.Buffer, s kyc.State) {
	var mine []*edge
	for _, e := range d.edges {
		if e.to == s {
			mine = append(mine, e)
		}
	}
	for _, e := range mine {
		fmt.Fprintf(b, `<path class="halo" d="%s"/>`+"\n", path(e.clipped()))
	}
	colour := paintOf(s).line
	for _, e := range mine {
		fmt.Fprintf(b, `<path class="line" stroke="%s" marker-end="url(#head%s)" d="%s"/>`+"\n", colour, colour[1:], path(e.points))
		if e.from == "" {
			fmt.Fprintf(b, `<circle cx="%s" cy="%s" r="4" fill="%s"/>`+"\n", num(e.points[0].x), num(e.points[0].y), colour)
		}
	}
}

// clipped are the points without the ends, where a halo would eat a frame.
func (e *edge) clipped() []point {
	points := slices.Clone(e.points)
	last := len(points) - 1
	points[0] = toward(points[0], points[1], 4)
	points[last] = toward(points[last], points[last-1], 4)
	return points
}

func toward(a, b point, by float64) point {
	return point{a.x + by*float64(cmp.Compare(b.x, a.x)), a.y + by*float64(cmp.Compare(b.y, a.y))}
}

// path writes a line with rounded corners.
func path(points []point) string {
	const radius = 9
	var b strings.Builder
	fmt.Fprintf(&b, "M%s %s", num(points[0].x), num(points[0].y))
	for i := 1; i < len(points)-1; i++ {
		at, before, after := points[i], points[i-1], points[i+1]
		r := min(radius, distance(at, before)/2, distance(at, after)/2)
		in, out := toward(at, before, r), toward(at, after, r)
		fmt.Fprintf(&b, " L%s %s Q%s %s %s %s", num(in.x), num(in.y), num(at.x), num(at.y), num(out.x), num(out.y))
	}
	end := points[len(points)-1]
	fmt.Fprintf(&b, " L%s %s", num(end.x), num(end.y))
	return b.String()
}

func distance(a, b point) float64 { return math.Abs(a.x-b.x) + math.Abs(a.y-b.y) }

func (d *drawing) drawBox(b *bytes.Buffer, s kyc.State) {
	r, p := d.boxes[s], paintOf(s)
	fmt.Fprintf(b, `<rect x="%s" y="%s" width="%s" height="%s" rx="9" fill="%s" stroke="%s" stroke-width="1.8"/>`+"\n",
		num(r.x), num(r.y), num(r.w), num(r.h), p.fill, p.line)
	if len(d.machine.Moves[s]) == 0 {
		fmt.Fprintf(b, `<rect x="%s" y="%s" width="%s" height="%s" rx="6" fill="none" stroke="%s" stroke-width="1.2"/>`+"\n",
			num(r.x+3.5), num(r.y+3.5), num(r.w-7), num(r.h-7), p.line)
	}
	if s == d.machine.Start {
		y := r.middle().y
		fmt.Fprintf(b, `<circle cx="%s" cy="%s" r="6" fill="%s"/><path class="line" stroke="%s" marker-end="url(#head%s)" d="M%s %s L%s %s"/>`+"\n",
			num(r.x-42), num(y), p.line, p.line, p.line[1:], num(r.x-42), num(y), num(r.x), num(y))
	}
	fmt.Fprintf(b, `<text class="state" x="%s" y="%s" fill="%s">%s</text>`+"\n", num(r.middle().x), num(r.middle().y+5), p.text, s)
}

func (d *drawing) legend(b *bytes.Buffer) {
	note := "Double border: final."
	if len(d.family) > 0 {
		note += " An arrow that begins with a dot on the dashed frame begins in each state inside it."
	}
	fmt.Fprintf(b, `<text class="note" x="%g" y="%s">%s What is not drawn changes nothing.</text>`+"\n", margin, num(d.height-16), note)
}

// num writes a coordinate with one decimal at most.
func num(f float64) string { return fmt.Sprintf("%g", math.Round(f*10)/10) }
