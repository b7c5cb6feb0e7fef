package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityPage: every test that docs/security.md names as a proof exists,
// and each of the ten risks has one.
func TestSecurityPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	proof := regexp.MustCompile("(?m)^\\| `(\\w+)` in (\\S+_test\\.go) \\| .+ \\|$")
	sections := strings.Split(string(page), "\n## ")
	risks := 0
	for _, section := range sections {
		if !strings.HasPrefix(section, "API") {
			continue
		}
		risks++
		found := proof.FindAllStringSubmatch(section, -1)
		if rows := strings.Count(section, "\n| `"); len(found) == 0 || len(found) != rows {
			t.Errorf("%.40s…: %d of %d rows name a test and its file", section, len(found), rows)
		}
		for _, m := range found {
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m[2])))
			if err != nil {
				t.Errorf("%s: %v", m[1], err)
			} else if !strings.Contains(string(text), "\nfunc "+m[1]+"(") {
				t.Errorf("%s is not in %s", m[1], m[2])
			}
		}
	}
	if risks != 10 {
		t.Errorf("%d risks, want 10", risks)
	}
}
