package main

import (
	"bytes"
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
