package e2e

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/testkit/chromium"
)

// pages are the headings that a customer sees, in their order.
type pages struct{ start, login, accounts, tan, finished, sign, signed string }

// TestBankidentInABrowser goes the customer's whole way with the keyboard and a
// mouse: from the url that the partner got, through the wizard of the bank, to
// the consent page of the signer, which stands in for `confirm`.
func TestBankidentInABrowser(t *testing.T) {
	w := start(t, "")
	ctx := chromium.Start(t)
	for lang, see := range map[string]pages{
		"de": {"Bank wählen", "Bei der Bank anmelden", "Konto wählen", "Überweisung freigeben", "Fertig", "Elektronisch unterschreiben", "Vielen Dank"},
		"en": {"Choose your bank", "Log in to your bank", "Choose the account", "Release the transfer", "Done", "Sign electronically", "Thank you"},
	} {
		p := w.holder()
		i := w.opened(p.ID, client.MethodBank, iban)
		do := func(steps ...chromedp.Action[chromedp.Void]) {
			t.Helper()
			if err := chromedp.Do(ctx, chromedp.Steps(steps...)); err != nil {
				t.Fatal(err)
			}
		}
		heading := func(text string) chromedp.Action[chromedp.Void] {
			return chromedp.WaitVisible(chromedp.Search(fmt.Sprintf(`//h1[text()=%q]`, text)))
		}
		keys := func(selector chromedp.CSS, pressed string) chromedp.Action[chromedp.Void] {
			return chromedp.Steps(chromedp.Focus(selector), chromedp.KeyEvent(pressed))
		}
		do(chromedp.Navigate(i.URL), chromedp.Click(chromedp.CSS(`a[hreflang=`+lang+`], html[lang=`+lang+`] h1`)),
			heading(see.start), keys("#bank_code", "\r"), // it is that of the IBAN
			heading(see.login), keys("#USER_NAME", "antonia"), keys("#privacy_policy", " "), keys("#USER_PIN", "12345\r"),
			heading(see.accounts), keys("#account", "\r"),
			heading(see.tan))
		shown, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("#TAN-hint")))
		if err != nil {
			t.Fatal(err)
		}
		do(keys("#TAN", sixDigits.FindString(shown)+"\r"), heading(see.finished))
		w.advance(time.Second)
		if i = w.again(i); i.Status != client.StatusAuthorizationRequired {
			t.Fatalf("%+v", i)
		}

		_, h, _ := w.live.Do("PATCH", "/v1/persons/"+p.ID+"/identifications/"+i.ID+"/authorize", nil)
		link := regexp.MustCompile(`^<([^>]+)>`).FindStringSubmatch(h.Get("Link"))
		if link == nil {
			t.Fatalf("Link: %q", h.Get("Link"))
		}
		password := w.password(p.MobileNumber)
		do(chromedp.Navigate(link[1]), chromedp.Click(chromedp.CSS(`a[hreflang=`+lang+`], html[lang=`+lang+`] h1`)),
			heading(see.sign), keys("#password", wrong(password)+"\r"), chromedp.WaitVisible(chromedp.CSS("#problem")),
			keys("#password", password+"\r"), heading(see.signed))
		w.advance(time.Minute)
		if i = w.again(i, client.WithDocuments); i.Status != client.StatusSuccessful || len(i.Documents) != 2 {
			t.Fatalf("%+v", i)
		}
		w.signed(i)
	}
}
