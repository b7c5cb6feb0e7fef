package idnow

import (
	"image/color"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/identikit/identikit/internal/testkit/chromium"
)

// TestAutoIdentInABrowser walks the pages with a real browser and real files, on
// a phone and without scripts, in both languages. With SCREENSHOTS set to a
// folder, it leaves a picture of each page there, as a phone and a desk show it.
func TestAutoIdentInABrowser(t *testing.T) {
	for _, lang := range []string{"en", "de"} {
		t.Run(lang, func(t *testing.T) {
			w := newAutoWorld(t, func(cfg *Config) { cfg.Brand = func(string) Branding { return Branding{Name: "Example Bank"} } })
			w.start("tx-1", map[string]string{"firstname": "X-MANUALTEST-HAPPYPATH", "birthplace": "", "preferredLang": lang})
			ctx := chromium.Start(t)
			files := map[string][]byte{
				"front.jpg": photo(t, "FRONT"), "back.jpg": photo(t, "BACK"), "face.jpg": photo(t, "FACE"),
				"gray.png": plain(t, 800, 600, color.Gray{130}),
			}
			folder := t.TempDir()
			for name, data := range files {
				if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			do := func(actions ...chromedp.Action[chromedp.Void]) {
				t.Helper()
				if err := chromedp.Do(ctx, chromedp.Steps(actions...)); err != nil {
					t.Fatal(err)
				}
				wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > 390`))
				if err != nil || wide {
					t.Errorf("the page is wider than a phone, or cannot be asked: %v", err)
				}
			}
			upload := func(name string) chromedp.Action[chromedp.Void] {
				return chromedp.Steps(chromedp.SetUploadFiles(chromedp.CSS("#picture"), []string{filepath.Join(folder, name)}), chromedp.Click(chromedp.CSS(`button[value=send]`)))
			}
			shot := func(name string) { t.Helper(); screenshot(t, ctx, lang+"-"+name) }
			done := chromedp.Click(chromedp.CSS(`button[value=done]`))

			do(chromedp.Navigate(w.goPages.URL+"/identikitsandbox/identifications/tx-1"), heading(lang, "landing"))
			shot("1-landing")
			do(keys("#terms", " "), keys("#mobile", "\r"), chromedp.WaitVisible(chromedp.CSS("#pictures-error")))
			shot("2-landing-errors")
			do(keys("#ready", " "), keys("#pictures", " "), keys("#mobile", "\r"), heading(lang, "choose"))
			shot("3-choose")
			do(done, heading(lang, "scanfront"))
			shot("4-front")
			do(upload("gray.png"), chromedp.WaitVisible(chromedp.CSS("#fault")))
			shot("5-front-blurred")
			do(upload("front.jpg"), heading(lang, "scanback"))
			shot("6-back")
			do(upload("back.jpg"), heading(lang, "selfie"))
			shot("7-selfie")
			do(upload("face.jpg"), heading(lang, "data"))
			shot("8-data")
			do(keys("#birthplace", "Köln"), done, heading(lang, "review"))
			shot("9-review")
			w.advance(3 * time.Minute)
			if got := w.company.take(); len(got) != 1 || got[0].body.Process.Result != success {
				t.Errorf("pushed %v", got)
			}
		})
	}
}
