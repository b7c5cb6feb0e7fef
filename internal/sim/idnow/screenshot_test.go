package idnow

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/identikit/identikit/internal/testkit/chromium"
)

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
		image, err := chromedp.Run(ctx, chromedp.FullScreenshot(90))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+"-"+size+".jpg"), image, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(chromium.Width, 844)); err != nil {
		t.Fatal(err)
	}
}
