package idnow

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/identikit/identikit/internal/testkit/chromium"
)

// keys presses one key after another on an element, which is focused first.
func keys(selector chromedp.CSS, pressed string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(chromedp.Focus(selector), chromedp.KeyEvent(pressed))
}

// heading waits for a page by its heading.
func heading(lang, page string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(chromedp.Search(`//h1[text()="` + translate(lang, page+".title") + `"]`))
}

func TestHappyPathInABrowser(t *testing.T) {
	w := newWorld(t, func(cfg *Config) {
		cfg.Brand = func(string) Branding {
			return Branding{Name: "Example Bank", SuccessURL: "https://example.org/{identification}"}
		}
	})
	w.start("tx-1", map[string]string{"firstname": "X-MANUALTEST-HAPPYPATH", "birthplace": "", "mobilephone": ""})
	ctx := chromium.Start(t)
	const done = `button[value=done]`
	walk := chromedp.Steps(
		chromedp.Navigate(w.goPages.URL+"/identikitsandbox/identifications/tx-1"),
		heading("en", "landing"),
		chromedp.Click(chromedp.CSS(`a[hreflang=de]`)), heading("de", "landing"),
		keys("#terms", " "), keys("#ready", " "), keys("#mobile", "+4915100"), keys("#mobile", "\r"),
		chromedp.WaitVisible(chromedp.CSS(`#recording-error`)), chromedp.WaitVisible(chromedp.CSS(`#mobile-error`)),
		keys("#recording", " "), keys("#mobile", kb.End+strings.Repeat(kb.Backspace, 8)+"0151"), keys(done, "\r"),
		heading("de", "waiting"), keys(done, "\r"),
		heading("de", "confirm"), keys(done, " "),
		heading("de", "missing"), keys("#birthplace", "Köln"), keys(done, "\r"),
		heading("de", "front"), chromedp.Reload(), heading("de", "front"), chromedp.Click(chromedp.CSS(done)),
		heading("de", "back"), chromedp.NavigateBack(), chromedp.Reload(), heading("de", "back"), keys(done, "\r"),
		heading("de", "tilt"), keys(done, "\r"),
		heading("de", "portrait"), keys(done, "\r"),
		heading("de", "question"), keys("#answer", "Konto\r"),
		heading("de", "code"), keys("#code", "999999\r"),
		chromedp.WaitVisible(chromedp.CSS(`#code-error`)), keys("#code", "123456\r"),
		heading("de", "review"),
	)
	if err := chromedp.Do(ctx, walk); err != nil {
		t.Fatal(err)
	}
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > 390`))
	if err != nil {
		t.Fatal(err)
	}
	href, err := chromedp.Run(ctx, chromedp.AttributeValue(chromedp.CSS(`a.button`), "href"))
	if err != nil {
		t.Fatal(err)
	}
	if wide {
		t.Error("the page is wider than a phone")
	}
	if href.Value != "https://example.org/tx-1" {
		t.Errorf("the way back leads to %q", href.Value)
	}
	w.advance(3 * time.Minute)
	if got := w.company.take(); len(got) != 1 || got[0].body.Process.Result != "SUCCESS" || got[0].body.User.Birthplace.Status != "NEW" {
		t.Errorf("%v", got)
	}
}
