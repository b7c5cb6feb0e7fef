package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/identikit/identikit/internal/kyc"
)

// Sizes in pixels.
const (
	boxWidth, boxHeight = 172.0, 42.0 // at least
	nameWidth           = 8.2         // a character of a state's name
	namePad             = 24.0        // around it
	rowHeight           = 66.0
	charWidth           = 7.85 // of the labels' font
	labelPad            = 26.0 // around a label, along its line
	trackGap            = 20.0
	portGap             = 22.0
	portPad             = 18.0 // above the first port of a side and below the last, together
	loopPad             = 20.0 // beside the label of an arrow that leads back to its own state
	margin              = 28.0
	frameGap            = 38.0 // between the frame and its boxes, above and below
	header              = 64.0
	footer              = 44.0
)

type point struct{ x, y float64 }

type rect struct{ x, y, w, h float64 }

func (r rect) right() float64  { return r.x + r.w }
func (r rect) bottom() float64 { return r.y + r.h }
func (r rect) middle() point   { return point{r.x + r.w/2, r.y + r.h/2} }
func (r rect) meets(o rect) bool {
	return r.x < o.right() && o.x < r.right() && r.y < o.bottom() && o.y < r.bottom()
}

type label struct {
	at     point
	anchor string // of SVG: start or end
	text   string
}

func (l label) width() float64 { return float64(len(l.text)) * charWidth }

func (l label) rect() rect {
	w := l.width()
	if l.anchor == "end" {
		return rect{l.at.x - w, l.at.y - 10, w, 13}
	}
	return rect{l.at.x, l.at.y - 10, w, 13}
}

// side is where an arrow leaves or enters.
type side int

const (
	left side = iota
	right
	top
	bottom
	inward // from the frame to a box inside it
)

// drawing is a plan with everything in its place.
type drawing struct {
	plan
	edges  []*edge
	boxes  map[kyc.State]rect
	frame  rect
	tracks map[track]float64 // x of each
	width  float64
	height float64
}

// track is a vertical line in the channel to the left of a column, on which
// everything that goes the same way to the same state runs together.
type track struct {
	channel int
	to      kyc.State
}

// layOut puts boxes, arrows and labels where they do not get in each other's way.
func layOut(p plan) (*drawing, error) {
	edges, err := p.edges()
	if err != nil {
		return nil, err
	}
	d := &drawing{plan: p, edges: edges, boxes: map[kyc.State]rect{}, tracks: map[track]float64{}}
	d.chooseSides()
	d.placeBoxes()
	d.route()
	d.untangle()
	return d, d.check()
}

func (d *drawing) columnOf(s kyc.State) int {
	if s == "" {
		return d.at[d.family[0]].column
	}
	return d.at[s].column
}

func (d *drawing) chooseSides() {
	for _, e := range d.edges {
		a, b := d.columnOf(e.from), d.columnOf(e.to)
		switch {
		case a < b:
			e.exit, e.enter = right, left
		case a > b:
			e.exit, e.enter = left, right
		case e.from == "":
			e.exit, e.enter = inward, right
		case d.neighbours(e.from, e.to):
			e.exit, e.enter = bottom, top
		default:
			e.exit, e.enter = left, left
		}
	}
}

// neighbours tells whether b is the next box below a.
func (d *drawing) neighbours(a, b kyc.State) bool {
	above, below := d.at[a], d.at[b]
	for s, at := range d.at {
		if s != a && s != b && at.column == above.column && at.row > above.row && at.row < below.row {
			return false
		}
	}
	return above.row < below.row
}

func (d *drawing) columns() int {
	n := 0
	for _, at := range d.at {
		n = max(n, at.column+1)
	}
	return n
}

// stub is the room that labels need on one side of a column.
func (d *drawing) stub(column int, exits ...side) float64 {
	room := 0.0
	for _, e := range d.edges {
		if d.columnOf(e.from) == column && slices.Contains(exits, e.exit) {
			room = max(room, float64(len(e.text()))*charWidth+labelPad)
		}
	}
	return room
}

// tracksLeftOf lists the tracks in the channel to the left of a column.
func (d *drawing) tracksLeftOf(column int) []track {
	var found []track
	for _, e := range d.edges {
		t, ok := d.trackOf(e)
		if ok && t.channel == column && !slices.Contains(found, t) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b track) int { return cmp.Compare(a.to, b.to) })
	return found
}

// trackOf is the track that an arrow runs on; straight ones need none, and those
// that lead back to their own state have the room of their label.
func (d *drawing) trackOf(e *edge) (track, bool) {
	switch {
	case e.from == "" || e.exit == bottom || e.from == e.to:
		return track{}, false
	case e.exit == right:
		return track{d.columnOf(e.from) + 1, e.to}, true
	}
	return track{d.columnOf(e.from), e.to}, true
}

func (d *drawing) placeBoxes() {
	first := math.Inf(1)
	for _, at := range d.at {
		first = min(first, at.row)
	}
	x := margin
	for c := range d.columns() {
		x = d.placeColumn(c, x, first)
	}
	d.placeFrame()
	for _, b := range d.boxes {
		d.width = max(d.width, b.right()+margin)
		d.height = max(d.height, b.bottom()+footer, d.frame.bottom()+footer)
	}
}

// placeFrame encloses the family, and the height of everything that it leads to.
func (d *drawing) placeFrame() {
	if len(d.family) == 0 {
		return
	}
	above, below := math.Inf(1), 0.0
	for _, s := range d.family {
		above, below = min(above, d.boxes[s].y), max(below, d.boxes[s].bottom())
	}
	for _, e := range d.edges {
		if e.from == "" {
			below = max(below, d.boxes[e.to].bottom())
		}
	}
	d.frame.y = above - frameGap
	d.frame.h = below + frameGap/2 - d.frame.y
}

// placeColumn puts a column and the channel before it to the right of x.
func (d *drawing) placeColumn(c int, x, first float64) float64 {
	framed := len(d.family) > 0 && d.columnOf("") == c
	if framed {
		d.frame.x = x
		x += trackGap
	}
	if c > 0 {
		x += max(d.stub(c-1, right), trackGap)
	}
	for _, t := range d.tracksLeftOf(c) {
		d.tracks[t] = x
		x += trackGap
	}
	x += max(d.stub(c, left), 2*trackGap)
	width := d.boxWidth(c)
	for s, at := range d.at {
		if at.column == c {
			height := d.boxHeight(s)
			d.boxes[s] = rect{x, header + (at.row-first)*rowHeight - (height-boxHeight)/2, width, height}
		}
	}
	x += width
	if framed {
		x += max(d.stub(c, inward), trackGap)
		d.frame.w = x - d.frame.x
	}
	return x
}

// boxWidth is the width of the boxes of a column: the longest name fits.
func (d *drawing) boxWidth(column int) float64 {
	width := boxWidth
	for s, at := range d.at {
		if at.column == column {
			width = max(width, float64(len(s))*nameWidth+namePad)
		}
	}
	return width
}

// boxHeight is the height of a box: its ports have room on either side.
func (d *drawing) boxHeight(s kyc.State) float64 {
	most := max(len(d.ports(s, left)), len(d.ports(s, right)))
	return max(boxHeight, float64(most-1)*portGap+portPad)
}

// route draws every arrow: out of its side, along its track, into its target.
func (d *drawing) route() {
	for _, e := range d.edges {
		in := d.port(e.to, e.enter, e.arrival(), "")
		if e.exit == bottom {
			e.straightDown(d.boxes[e.from], in)
			continue
		}
		var out point
		switch {
		case e.from == "":
			out = point{d.frame.right(), in.y}
		default:
			out = d.port(e.from, e.exit, "out", e.to)
		}
		e.points = []point{out, in}
		if t, ok := d.trackOf(e); ok && out.y != in.y {
			x := d.tracks[t]
			e.points = []point{out, {x, out.y}, {x, in.y}, in}
		}
		e.label = label{point{out.x + 10, out.y - 6}, "start", e.text()}
		if e.exit == left || e.exit == inward {
			e.label.at.x, e.label.anchor = out.x-10, "end"
		}
		if e.from == e.to {
			x := out.x - e.label.width() - loopPad
			e.points = []point{out, {x, out.y}, {x, in.y}, in}
		}
	}
}

func (e *edge) straightDown(from rect, in point) {
	out := point{in.x, from.bottom()}
	e.points = []point{out, in}
	e.label = label{point{out.x + 9, out.y + 20}, "start", e.text()}
}

// arrival tells ports apart: what comes from the frame around has its own.
func (e *edge) arrival() string {
	if e.exit == inward {
		return "inward"
	}
	return "in"
}

// port is a place on a side of a box. Arrows that end there share one; those
// that begin there have one each, in the order of where they go.
type port struct {
	use  string // out, in or inward
	to   kyc.State
	goal float64 // the row of what it leads to
}

// ports lists what a side of a box has, from top to bottom.
func (d *drawing) ports(s kyc.State, on side) []port {
	var ports []port
	for _, e := range d.edges {
		if e.from == s && e.exit == on {
			ports = append(ports, port{"out", e.to, d.at[e.to].row})
		}
		if e.to != s || e.enter != on { // what leads back to its own state has two ports, and enters by the lower
			continue
		}
		p := port{e.arrival(), "", d.at[s].row}
		if p.use == "inward" {
			p.goal++
		}
		if !slices.ContainsFunc(ports, func(o port) bool { return o.use == p.use }) {
			ports = append(ports, p)
		}
	}
	slices.SortStableFunc(ports, func(a, b port) int { return cmp.Compare(a.goal, b.goal) })
	return ports
}

// port is where an arrow leaves or enters a box.
func (d *drawing) port(s kyc.State, on side, use string, to kyc.State) point {
	b := d.boxes[s]
	if on == top {
		return point{b.middle().x, b.y}
	}
	ports := d.ports(s, on)
	n := slices.IndexFunc(ports, func(p port) bool { return p.use == use && p.to == to })
	y := b.middle().y + (float64(n)-float64(len(ports)-1)/2)*portGap
	if on == left {
		return point{b.x, y}
	}
	return point{b.right(), y}
}

// untangle tries every order of the tracks of a channel and keeps the one with
// the fewest crossings.
func (d *drawing) untangle() {
	for c := range d.columns() {
		tracks := d.tracksLeftOf(c)
		if len(tracks) < 2 {
			continue
		}
		xs := make([]float64, len(tracks))
		for i, t := range tracks {
			xs[i] = d.tracks[t]
		}
		best, fewest := slices.Clone(tracks), math.MaxInt
		permute(tracks, 0, func(order []track) {
			d.assign(order, xs)
			if n := d.crossings(); n < fewest {
				best, fewest = slices.Clone(order), n
			}
		})
		d.assign(best, xs)
	}
}

func (d *drawing) assign(order []track, xs []float64) {
	for i, t := range order {
		d.tracks[t] = xs[i]
	}
	d.route()
}

func permute(ts []track, n int, try func([]track)) {
	if n == len(ts) {
		try(ts)
		return
	}
	for i := n; i < len(ts); i++ {
		ts[n], ts[i] = ts[i], ts[n]
		permute(ts, n+1, try)
		ts[n], ts[i] = ts[i], ts[n]
	}
}

// crossings counts where a level line of one arrow crosses an upright line of
// another that goes elsewhere.
func (d *drawing) crossings() int {
	n := 0
	for _, a := range d.edges {
		for _, b := range d.edges {
			if a.to == b.to {
				continue
			}
			for _, h := range a.segments() {
				for _, v := range b.segments() {
					if h.h == 0 && v.w == 0 && h.x < v.x && v.x < h.right() && v.y < h.y && h.y < v.bottom() {
						n++
					}
				}
			}
		}
	}
	return n
}

// segments are the straight pieces of an arrow.
func (e *edge) segments() []rect {
	var all []rect
	for i, p := range e.points[1:] {
		o := e.points[i]
		all = append(all, rect{min(o.x, p.x), min(o.y, p.y), math.Abs(o.x - p.x), math.Abs(o.y - p.y)})
	}
	return all
}

// check refuses a picture in which something lies on something else: then the
// plan needs other places.
func (d *drawing) check() error {
	for _, e := range d.edges {
		for s, b := range d.boxes {
			if e.label.rect().meets(b) {
				return fmt.Errorf("the label %q lies on the state %s", e.label.text, s)
			}
			for _, line := range e.segments() {
				inner := rect{b.x + 1, b.y + 1, b.w - 2, b.h - 2}
				line.w, line.h = line.w+0.1, line.h+0.1
				if line.meets(inner) {
					return fmt.Errorf("the arrow from %q to %s crosses the state %s", e.from, e.to, s)
				}
			}
		}
		for _, o := range d.edges {
			if o != e && e.label.rect().meets(o.label.rect()) {
				return fmt.Errorf("the label %q lies on the label %q", e.label.text, o.label.text)
			}
		}
	}
	return nil
}
