package idnow

import (
	_ "embed" // the list of reasons
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed reasons.json
var reasonFile []byte

// The products whose reasons differ: the keys of reasonCodes.
const (
	productVideo     = "idnow"
	productAutoIdent = "idnow_autoident"
)

// reasonCodes is every reason of the guides, by product and by the result that it comes with. For video the guide does
// not say which result that is: what a review finds cancels, everything else aborts the call.
var reasonCodes = mustReasons(reasonFile)

// mustReasons reads a file that is part of the program, so a mistake in it is found by the first test.
func mustReasons(data []byte) map[string]map[string][]string {
	var all map[string]map[string][]string
	if err := json.Unmarshal(data, &all); err != nil {
		panic(fmt.Sprintf("idnow simulator: reasons.json: %v", err))
	}
	return all
}

// resultOf is the result that comes with a reason of a product; "" if the product has no such reason.
func resultOf(product, code string) string {
	for result, codes := range reasonCodes[product] {
		if slices.Contains(codes, code) {
			return result
		}
	}
	return ""
}

// codesOf is every reason of a product in the order of the alphabet.
func codesOf(product string) []string {
	return slices.Sorted(func(yield func(string) bool) {
		for codes := range maps.Values(reasonCodes[product]) {
			for _, code := range codes {
				if !yield(code) {
					return
				}
			}
		}
	})
}

// reasonPrefix begins the cases that end with a reason of the tester's choice: X-AUTOTEST-REASON-TECH_AUDIO.
const reasonPrefix = "REASON-"

// reasonScenario is the case of a name like REASON-TECH_AUDIO. A reason that aborts ends the call before the customer is
// through; one that cancels, and a fraud, are found by the review.
func reasonScenario(product, name string) (scenario, bool) {
	code, ok := strings.CutPrefix(name, reasonPrefix)
	if !ok {
		return scenario{}, false
	}
	found := ending{After: afterReview, Result: resultOf(product, code), Reason: code}
	switch found.Result {
	case aborted:
		found.After = atOnce
		return scenario{Final: []ending{found}, Preliminary: []ending{found}, AgentAborts: true}, true
	case canceled:
		return scenario{Final: []ending{found}, Preliminary: []ending{calledWell, found}}, true
	case fraudConfirmed:
		return scenario{Final: []ending{found}, Preliminary: []ending{calledSuspect, found}}, true
	}
	return scenario{}, false
}

// findScenario is the case of a name, for video.
func findScenario(name string) (scenario, bool) {
	if known, ok := scenarios[name]; ok {
		return known, true
	}
	return reasonScenario(productVideo, name)
}

// scenarioOf is findScenario for names that have been checked.
func scenarioOf(name string) scenario {
	known, _ := findScenario(name)
	return known
}
