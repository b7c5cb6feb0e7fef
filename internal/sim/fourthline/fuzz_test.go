package fourthline

import (
	"bytes"
	"testing"
)

// FuzzExamine: whatever an archive holds, its check ends with a code of the firm's, the same one each time.
func FuzzExamine(f *testing.F) {
	f.Add(sample(f, nil))
	f.Add(sample(f, set("person.lastName", "X-AUTOTEST-CODE-4001")))
	f.Add(packed(f, [2]string{"../metadata.json", "{}"}))
	f.Add(packed(f, [2]string{"metadata.json", `{"person":{"firstName":"X-AUTOTEST-LONGREVIEW"}}`}))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		e, long := examine(bytes.NewReader(archive), int64(len(archive)), noon)
		again, longAgain := examine(bytes.NewReader(archive), int64(len(archive)), noon)
		if known, ok := endingOfCode(e.Code); !ok || known != e || again != e || long != longAgain {
			t.Errorf("%+v, then %+v", e, again)
		}
	})
}
