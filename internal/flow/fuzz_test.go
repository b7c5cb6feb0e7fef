package flow

import (
	"encoding/json"
	"slices"
	"testing"
)

// FuzzPayload: of a result that is not disclosed, nothing gets out but a few
// texts that say nothing of why.
func FuzzPayload(f *testing.F) {
	for _, raw := range []string{
		`{"identificationprocess":{"result":"FAILED","reason":"WARNING_FAKED","id":"TST-A","href":"/x.zip","agentname":"A"},"userdata":{"firstname":{"value":"Anna"}}}`,
		`{"IDENTIFICATIONPROCESS":{"Reason":"x","result":{"reason":"y"}},"identificationprocess":{"type":["WEB"],"id":null}}`, `{"identificationprocess":null}`, `{}`, `[]`, `null`, "{\"a\":\"\xff\"}",
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		shown, err := payload(raw, false)
		if err != nil {
			return
		}
		var o map[string]map[string]string
		if err := json.Unmarshal(shown, &o); err != nil || len(o) != 1 {
			t.Fatalf("%q: %s: %v", raw, shown, err)
		}
		for name := range o["identificationprocess"] {
			if !slices.Contains(harmless, name) {
				t.Errorf("%q: %s", raw, shown)
			}
		}
		if whole, err := payload(raw, true); err != nil || !json.Valid(whole) {
			t.Errorf("%q: %v", raw, err)
		}
	})
}
