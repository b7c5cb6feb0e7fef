package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The plot's measures, in pixels.
const (
	panelWidth, panelHeight = 400, 260
	marginLeft, marginTop   = 56, 44
	marginRight, marginFoot = 104, 48
)

// colours of the lines, in the order of growthNames: told apart by most people
// on white and on black.
var colours = []string{"#0a84d6", "#d6730a", "#2a9d5c", "#c2478f"}

// plot draws the growth of each database in a panel of its own.
func (r *report) plot() string {
	names, parts := r.parts()
	var panels []string
	for n, part := range parts {
		if part.Growth != nil {
			panels = append(panels, part.Growth.panel(names[n]))
		}
	}
	wide := marginLeft + panelWidth + marginRight
	high := marginTop + panelHeight + marginFoot
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13" role="img">
<title>How long an answer takes with what is stored</title>
<style>
text { fill: #24292f } .grid { stroke: #d0d7de } .axis { stroke: #57606a } polyline { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #30363d } .axis { stroke: #8b949e } }
</style>
`, max(1, len(panels))*wide, high)
	for n, panel := range panels {
		fmt.Fprintf(&b, "<g transform=\"translate(%d 0)\">\n%s</g>\n", n*wide, panel)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// panel draws the median times over how much is stored, both on logarithmic
// axes: what takes as long with more stored is a level line.
func (g *growthReport) panel(name string) string {
	var b strings.Builder
	var all []float64
	for _, l := range g.Lines {
		all = append(all, l.P50...)
	}
	marks := decades(slices.Min(all), slices.Max(all))
	x := scale(math.Log10(float64(g.Sizes[0])), math.Log10(float64(g.Sizes[len(g.Sizes)-1])), marginLeft, marginLeft+panelWidth)
	linear := scale(math.Log10(marks[0]), math.Log10(marks[len(marks)-1]), marginTop+panelHeight, marginTop)
	y := func(v float64) float64 { return linear(math.Log10(max(v, marks[0]))) }
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"20\" font-weight=\"600\">%s: median answer, ms</text>\n", marginLeft, name)
	for _, v := range marks {
		fmt.Fprintf(&b, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", marginLeft, marginLeft+panelWidth, y(v), y(v))
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", marginLeft-8, y(v)+4, strconv.FormatFloat(v, 'g', 4, 64))
	}
	for _, size := range g.Sizes {
		at := x(math.Log10(float64(size)))
		fmt.Fprintf(&b, "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>", at, at, marginTop+panelHeight, marginTop+panelHeight+5)
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", at, marginTop+panelHeight+20, short(size))
	}
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">identifications stored</text>\n", marginLeft+panelWidth/2, marginTop+panelHeight+40)
	labels := make([]float64, len(g.Lines))
	for n, l := range g.Lines {
		labels[n] = y(l.P50[len(l.P50)-1])
	}
	spread(labels, 16)
	for n, l := range g.Lines {
		colour := colours[n%len(colours)]
		var points []string
		for i, v := range l.P50 {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(math.Log10(float64(g.Sizes[i]))), y(v)))
			fmt.Fprintf(&b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>", x(math.Log10(float64(g.Sizes[i]))), y(v), colour)
		}
		fmt.Fprintf(&b, "<polyline stroke=\"%s\" points=\"%s\"/>", colour, strings.Join(points, " "))
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%.1f\" style=\"fill:%s\">%s</text>\n", marginLeft+panelWidth+10, labels[n]+4, colour, l.Name)
	}
	return b.String()
}

// scale maps [from, to] to [low, high]; a single value goes to the middle.
func scale(from, to, low, high float64) func(float64) float64 {
	return func(v float64) float64 {
		if from == to {
			return (low + high) / 2
		}
		return low + (v-from)/(to-from)*(high-low)
	}
}

// decades are the marks of a logarithmic axis: 1, 2 and 5 of each power of ten,
// from the last that is not above the lowest to the first that is not below the highest.
func decades(lowest, highest float64) (marks []float64) {
	lowest = max(lowest, 0.001) // a microsecond: nothing takes less
	for power := math.Floor(math.Log10(lowest)); ; power++ {
		for _, n := range []float64{1, 2, 5} {
			v := n * math.Pow(10, power)
			if len(marks) == 1 && v <= lowest {
				marks = nil // this one is nearer
			}
			marks = append(marks, v)
			if v >= highest && len(marks) > 1 {
				return marks
			}
		}
	}
}

// spread moves labels apart that would cover each other, as little as it must.
func spread(at []float64, apart float64) {
	for range 100 {
		moved := false
		for i := range at {
			for j := range at {
				if i == j || at[i] > at[j] || (at[i] == at[j] && i > j) {
					continue
				}
				if gap := at[j] - at[i]; gap < apart-0.01 {
					at[i] -= (apart - gap) / 2
					at[j] += (apart - gap) / 2
					moved = true
				}
			}
		}
		if !moved {
			return
		}
	}
}

// short writes 100,000 as 100k.
func short(n int) string {
	switch {
	case n >= 1_000_000 && n%100_000 == 0:
		return strconv.FormatFloat(float64(n)/1e6, 'g', 3, 64) + "M"
	case n >= 1000 && n%100 == 0:
		return strconv.FormatFloat(float64(n)/1e3, 'g', 4, 64) + "k"
	}
	return strconv.Itoa(n)
}
