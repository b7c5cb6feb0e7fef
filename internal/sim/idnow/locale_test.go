package idnow

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTexts looks for texts that one language lacks, that a page asks for in vain, and that nothing uses.
func TestTexts(t *testing.T) {
	used := usedKeys(t)
	for lang, all := range texts {
		for key := range used {
			if all[key] == "" {
				t.Errorf("%s lacks %s", lang, key)
			}
		}
		for key, text := range all {
			if !used[key] {
				t.Errorf("%s: nothing uses %s", lang, key)
			}
			if other := texts["en"][key]; strings.Count(text, "%") != strings.Count(other, "%") {
				t.Errorf("%s %s: other placeholders than in English", lang, key)
			}
		}
	}
}

// usedKeys is every key that stands in a template or in the program, and those that are put together from lists.
func usedKeys(t *testing.T) map[string]bool {
	t.Helper()
	var source strings.Builder
	for _, file := range []fs.FS{pageFiles, os.DirFS(".")} {
		names, err := fs.Glob(file, "templates/*.html")
		if err != nil {
			t.Fatal(err)
		}
		code, err := fs.Glob(file, "*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(names, code...) {
			data, err := fs.ReadFile(file, name)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(name, "_test.go") {
				source.Write(data)
			}
		}
	}
	used := map[string]bool{}
	for _, match := range regexp.MustCompile(`"([a-z]+(?:\.[a-z]+)+)"`).FindAllStringSubmatch(source.String(), -1) {
		if key := match[1]; !strings.HasSuffix(key, ".html") && !strings.HasSuffix(key, ".svg") && !strings.HasSuffix(key, ".json") {
			used[key] = true
		}
	}
	family := func(prefix, suffix string, names []string) {
		for _, name := range names {
			used[prefix+name+suffix] = true
		}
	}
	family("", ".title", slices.Concat(noticePages, agentPages, []string{"home", "landing", "missing", "question", "code", "sign", "ended"}))
	family("", ".text", slices.Concat(noticePages, agentPages))
	family("", ".button", agentPages)
	family("field.", "", slices.Concat(agreements, required, []string{"document", "issuer", "language", "mobile", "reference", "answer", "consent"}))
	family("document.", "", documentKinds)
	family("case.", "", endingCases)
	family("reason.", "", reasons)
	family("", ".title", []string{"choose", "data"})
	for s := range scanSteps {
		family(string(s), "", []string{".title", ".text", ".alt"})
	}
	family("autofield.", "", autoAgreements)
	family("field.", "", []string{"picture", "pictures", "validuntil"})
	family("document.", "", autoDocumentKinds)
	family("autocase.", "", autoEndingCases)
	for result := range autoReasons {
		family("group.", "", []string{result})
	}
	for _, reasons := range faultReasons {
		family("hint.", "", reasons[:])
	}
	family("hint.", "", []string{"ID_WRONG_SIDE"})
	return used
}

func TestEveryPageHasItsPicture(t *testing.T) {
	for _, name := range append([]string{"icon", "question", "code", "sign", "review", "ended"}, agentPages...) {
		if _, err := fs.Stat(pageFiles, "static/"+name+".svg"); err != nil {
			t.Error(err)
		}
	}
}
