package idnow

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
)

//go:embed locale templates static
var pageFiles embed.FS

// languages is what the pages speak.
var languages = []struct{ code, name string }{{"de", "Deutsch"}, {"en", "English"}}

// texts is every text of the pages by language and key.
var texts = map[string]map[string]string{"de": mustTexts("de"), "en": mustTexts("en")}

// mustTexts reads a file that is part of the program, so a mistake in it is found by the first test.
func mustTexts(lang string) map[string]string {
	data, err := pageFiles.ReadFile("locale/" + lang + ".json")
	if err != nil {
		panic(fmt.Sprintf("idnow simulator: %v", err))
	}
	var all map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		panic(fmt.Sprintf("idnow simulator: locale/%s.json: %v", lang, err))
	}
	return all
}

// translate gives a text with its %s and %d filled in. A missing text shows its key; a test finds it first.
func translate(lang, key string, values ...any) string {
	text, ok := texts[lang][key]
	if !ok {
		return key
	}
	if len(values) == 0 {
		return text
	}
	return fmt.Sprintf(text, values...)
}

// pageTemplates is every page in every language, parsed once, when the first page
// is shown: every server has the simulator in its program, few show its pages.
var pageTemplates = map[string]func() *template.Template{"de": parsePages("de"), "en": parsePages("en")}

func parsePages(lang string) func() *template.Template {
	return sync.OnceValue(func() *template.Template {
		return template.Must(template.New("pages").Funcs(template.FuncMap{
			"t":         func(key string, values ...any) string { return translate(lang, key, values...) },
			"countries": func() []country { return countriesByName(lang) },
			"lang":      func() string { return lang },
		}).ParseFS(pageFiles, "templates/*.html"))
	})
}

// chooseLanguage is the language of a page: what the address asks for, else what the company sent, else what the
// browser prefers, else English.
func chooseLanguage(r *http.Request, preferred string) string {
	wishes := []string{r.URL.Query().Get("lang"), preferred}
	wishes = append(wishes, strings.Split(r.Header.Get("Accept-Language"), ",")...)
	for _, wish := range wishes {
		wish = strings.ToLower(strings.TrimSpace(wish))
		for _, l := range languages {
			if strings.HasPrefix(wish, l.code) {
				return l.code
			}
		}
	}
	return "en"
}
