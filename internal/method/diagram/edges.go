package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
)

// edge is one arrow: everything that leads from one state, or from each of the
// family, to another.
type edge struct {
	from   kyc.State // empty: the family
	to     kyc.State
	events []kyc.Event

	points []point // filled in by the layout
	label  label
	exit   side
	enter  side
}

func (e *edge) text() string {
	words := make([]string, len(e.events))
	for i, ev := range e.events {
		words[i] = string(ev)
	}
	return strings.Join(words, ", ")
}

// edges reads the arrows off the table: the family's common moves first.
func (p plan) edges() ([]*edge, error) {
	for _, s := range p.machine.States() {
		if _, ok := p.at[s]; !ok {
			return nil, fmt.Errorf("the state %s has no place in the plan", s)
		}
	}
	common := p.common()
	all := gather("", common)
	for _, s := range p.machine.States() {
		row := map[kyc.Event]kyc.State{}
		for ev, to := range p.machine.Moves[s] {
			if !slices.Contains(p.family, s) || common[ev] != to {
				row[ev] = to
			}
		}
		all = append(all, gather(s, row)...)
	}
	return all, nil
}

// common are the moves that every state of the family has.
func (p plan) common() map[kyc.Event]kyc.State {
	shared := map[kyc.Event]kyc.State{}
	if len(p.family) == 0 {
		return shared
	}
	for ev, to := range p.machine.Moves[p.family[0]] {
		if !slices.ContainsFunc(p.family, func(s kyc.State) bool { return p.machine.Moves[s][ev] != to }) {
			shared[ev] = to
		}
	}
	return shared
}

// gather makes one arrow for each target, in a fixed order.
func gather(from kyc.State, row map[kyc.Event]kyc.State) []*edge {
	byTarget := map[kyc.State]*edge{}
	var all []*edge
	for ev, to := range row {
		if byTarget[to] == nil {
			byTarget[to] = &edge{from: from, to: to}
			all = append(all, byTarget[to])
		}
		byTarget[to].events = append(byTarget[to].events, ev)
	}
	for _, e := range all {
		slices.Sort(e.events)
	}
	slices.SortFunc(all, func(a, b *edge) int { return strings.Compare(string(a.to), string(b.to)) })
	return all
}
