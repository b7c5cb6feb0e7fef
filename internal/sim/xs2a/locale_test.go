package xs2a

import (
	"io/fs"
	"os"
	"regexp"
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
	for pattern, files := range map[string]fs.FS{"templates/*.html": pageFiles, "*.go": os.DirFS(".")} {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(name, "_test.go") {
				source.Write(data)
			}
		}
	}
	used := map[string]bool{}
	for _, match := range regexp.MustCompile(`"([a-z]+\.[a-z]+)"`).FindAllStringSubmatch(source.String(), -1) {
		family, _, _ := strings.Cut(match[1], ".")
		for key := range texts["en"] {
			if strings.HasPrefix(key, family+".") { // else it is a file's name or an event's type
				used[match[1]] = true
			}
		}
	}
	for _, field := range fieldOrder {
		used["field."+field] = true
	}
	for _, c := range countryIDs {
		used["country."+c] = true
	}
	for _, name := range pageNames {
		used[name+".title"] = true
	}
	for _, name := range append([]string{"finished", "ended"}, noticeNames...) {
		used[name+".title"] = true
	}
	for _, name := range noticeNames {
		used[name+".text"] = true
	}
	for _, word := range lastErrors {
		used["ended."+endedText(word)] = true
	}
	return used
}
