package xs2a

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

// TestWizardInABrowser walks the wizard by the keyboard, without scripts, on a phone: wrong entries, back, reload.
func TestWizardInABrowser(t *testing.T) {
	w := newWorld(t, nil)
	tx, key := w.start(map[string]any{"purpose": "6dc54352d6793a892e0702850d07b831cidt Identifikation"}) // no blank for a phone's width
	ctx := chromium.Start(t)
	tan := w.server.tan(w.server.session(tx))
	const begin = `#bank_code`
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Steps(actions...)); err != nil {
			t.Fatal(err)
		}
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > 390`))
		if err != nil {
			t.Fatal(err)
		}
		if wide {
			t.Error("the page is wider than a phone")
		}
	}
	do(chromedp.Navigate(w.wizard.URL+"/index.html?wizard_session_key="+key), heading("en", "start"),
		chromedp.Click(chromedp.CSS(`a[hreflang=de]`)), heading("de", "start"))
	screenshot(t, ctx, "start")
	do(keys(begin, kb.End+strings.Repeat(kb.Backspace, 8)+"1\r"), chromedp.WaitVisible(chromedp.CSS(`#bank_code-error`)))
	screenshot(t, ctx, "start-wrong")
	do(keys(begin, kb.End+kb.Backspace+"TESTDE88XXX\r"), heading("de", "login"))
	screenshot(t, ctx, "login")
	do(keys("#USER_NAME", "ich"), keys("#USER_PIN", "wrong\r"), chromedp.WaitVisible(chromedp.CSS(`#privacy_policy-error`)))
	do(keys("#USER_PIN", "12345"), keys("#privacy_policy", " "), keys("#USER_PIN", "\r"), heading("de", "accounts"))
	screenshot(t, ctx, "accounts")
	do(chromedp.Click(chromedp.CSS(`button[value=back]`)), heading("de", "login"),
		keys("#USER_NAME", "ich"), keys("#USER_PIN", "12345"), keys("#privacy_policy", " "), keys("#USER_PIN", "\r"), heading("de", "accounts"),
		keys("#account", "\r"), heading("de", "tan"), chromedp.Reload(), heading("de", "tan"))
	screenshot(t, ctx, "tan")
	do(keys("#TAN", tan+"\r"), heading("de", "finished"))
	screenshot(t, ctx, "finished")
	href, err := chromedp.Run(ctx, chromedp.AttributeValue(chromedp.CSS(`a.button`), "href"))
	if err != nil || href.Value != "https://example.org/good" {
		t.Errorf("the way back leads to %q, %v", href.Value, err)
	}
	if ses := w.session(tx); ses["finished"] != true {
		t.Errorf("%v", ses)
	}
	_, key = w.start(nil)
	do(chromedp.Navigate(w.wizard.URL+"/index.html?wizard_session_key="+key), heading("en", "start"), keys(begin, "\r"), heading("en", "login"),
		keys("#USER_NAME", "me"), keys("#USER_PIN", "bkapp"), keys("#privacy_policy", " "), keys("#USER_PIN", "\r"), heading("en", "accounts"),
		keys("#account", "\r"), heading("en", "sca"))
	screenshot(t, ctx, "sca")
	do(chromedp.Click(chromedp.CSS(`button[value=abort]`)), heading("en", "ended"))
	screenshot(t, ctx, "ended")
}

// screenshot takes pictures of the page that is open, as a phone and as a desk
// show it, into the folder SCREENSHOTS. Nobody is asked when it is not set.
func screenshot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	for size, width := range map[string]int64{"phone": chromium.Width, "desk": 1280} {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 844)); err != nil {
			t.Fatal(err)
		}
		image, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+"-"+size+".png"), image, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(chromium.Width, 844)); err != nil {
		t.Fatal(err)
	}
}
