package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// TestEveryMoveIsDrawn adds up what the arrows say: it must be the table again.
func TestEveryMoveIsDrawn(t *testing.T) {
	for name, p := range plans {
		edges, err := p.edges()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		drawn := 0
		for _, e := range edges {
			from := []kyc.State{e.from}
			if e.from == "" {
				from = p.family
			}
			for _, s := range from {
				for _, ev := range e.events {
					drawn++
					if to, ok := p.machine.Next(s, ev); !ok || to != e.to {
						t.Errorf("%s: the picture says %s, %s, %s; the table says %q", name, s, ev, e.to, to)
					}
				}
			}
		}
		moves := 0
		for _, row := range p.machine.Moves {
			moves += len(row)
		}
		if drawn != moves {
			t.Errorf("%s: %d moves are drawn of %d", name, drawn, moves)
		}
	}
}

func TestTheSameTableGivesTheSameBytes(t *testing.T) {
	var first []byte
	for range 20 {
		d, err := layOut(plans[kyc.MethodIDnow])
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = d.svg()
		}
		if !bytes.Equal(first, d.svg()) {
			t.Fatal("two runs drew two pictures")
		}
	}
}

func TestABadPlanIsRefused(t *testing.T) {
	line := kyc.Machine{Start: "a", Moves: map[kyc.State]map[kyc.Event]kyc.State{"a": {"go": "b", "skip": "c"}, "b": {"go": "c"}}}
	for want, at := range map[string]map[kyc.State]place{
		"has no place": {"a": {0, 0}, "b": {1, 0}},
		"crosses":      {"a": {0, 0}, "b": {1, 0}, "c": {2, 0}},
	} {
		_, err := layOut(plan{machine: line, at: at})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want an error with %q", at, err, want)
		}
	}
}

// TestLinesEndOnBoxes: an arrow begins and ends on a side of a box, not beside it.
func TestLinesEndOnBoxes(t *testing.T) {
	for name, p := range plans {
		d, err := layOut(p)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, e := range d.edges {
			for n, s := range []kyc.State{e.from, e.to} {
				end := e.points[n*(len(e.points)-1)]
				b, ok := d.boxes[s]
				const corner = 5 // where the side is no longer straight
				level := end.y == b.y || end.y == b.bottom() || end.y > b.y+corner && end.y < b.bottom()-corner
				if ok && !(level && end.x >= b.x && end.x <= b.right()) {
					t.Errorf("%s: %s from %q to %s ends beside the box of %s", name, e.text(), e.from, e.to, s)
				}
			}
		}
	}
}

// TestLoop: what leads back to its own state leaves and enters by the same side,
// and is no wider than its label needs.
func TestLoop(t *testing.T) {
	turn := kyc.Machine{Start: "a", Moves: map[kyc.State]map[kyc.Event]kyc.State{"a": {"again": "a", "go": "b"}}}
	d, err := layOut(plan{machine: turn, at: map[kyc.State]place{"a": {0, 0}, "b": {0, 2}}})
	if err != nil {
		t.Fatal(err)
	}
	box, loop := d.boxes["a"], d.edges[0]
	if loop.text() != "again" || len(loop.points) != 4 {
		t.Fatalf("the first arrow is %q, %v", loop.text(), loop.points)
	}
	out, in := loop.points[0], loop.points[3]
	if out.x != box.x || in.x != box.x || out.y != box.middle().y-portGap/2 || in.y != box.middle().y+portGap/2 {
		t.Errorf("it leaves at %v and enters at %v; the box is %v", out, in, box)
	}
	if reach := out.x - loop.points[1].x; reach != loop.label.width()+loopPad || loop.points[1].x < margin/2 {
		t.Errorf("it reaches %g to the left", reach)
	}
}

func TestNamesFitTheirBoxes(t *testing.T) {
	d, err := layOut(plans[kyc.MethodBankID])
	if err != nil {
		t.Fatal(err)
	}
	for s, b := range d.boxes {
		if b.w < boxWidth || b.w < float64(len(s))*nameWidth {
			t.Errorf("the box of %s is %g wide", s, b.w)
		}
	}
}

// TestDocs: every picture of docs/states is that of a table, shown and explained.
func TestDocs(t *testing.T) {
	const docs = "../../../docs/states"
	text, err := os.ReadFile(filepath.Join(docs, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	pictures, err := filepath.Glob(filepath.Join(docs, "*.svg"))
	if err != nil || len(pictures) != len(plans) {
		t.Errorf("%d pictures of %d plans, %v", len(pictures), len(plans), err)
	}
	for name, p := range plans {
		picture, err := os.ReadFile(filepath.Join(docs, string(name)+".svg"))
		if err != nil {
			t.Error(err)
			continue
		}
		d, err := layOut(p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.Equal(picture, d.svg()) {
			t.Errorf("%s: the picture is not that of the table (run make generate)", name)
		}
		if !bytes.Contains(text, []byte("]("+string(name)+".svg)")) {
			t.Errorf("%s: README.md does not show the picture", name)
		}
		for _, e := range d.edges {
			for _, ev := range e.events {
				if !bytes.Contains(text, []byte("| `"+ev+"` |")) {
					t.Errorf("README.md does not say what %s means", ev)
				}
			}
		}
	}
}
