package idnow

import (
	"archive/zip"
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// newAutoWorld is a world whose company identifies automatically.
func newAutoWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	return newWorld(t, func(cfg *Config) {
		cfg.Kind, cfg.Prefix = AutoIdent, "TS2"
		if change != nil {
			change(cfg)
		}
	})
}

var autoLandingForm = []string{"terms", "yes", "ready", "yes", "pictures", "yes", "mobile", "01510000000", "action", "done"}

// upload sends the page's form with a picture.
func (v *visitor) upload(data []byte) {
	v.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range map[string]string{"step": stepToken.FindStringSubmatch(v.body)[1], "action": "send"} {
		if err := form.WriteField(name, value); err != nil {
			v.t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("picture", "IMG_0001.JPG")
	if err == nil {
		_, err = part.Write(data)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		v.t.Fatal(err)
	}
	resp, err := http.Post(v.origin+v.link, form.FormDataContentType(), &body)
	v.shown(resp, err)
}

// upToScan walks from the landing page to the first picture.
func (v *visitor) upToScan(kind string) {
	v.t.Helper()
	v.shows("landing")
	v.send(autoLandingForm...)
	v.shows("choose")
	v.send("document", kind, "issuer", "DE", "action", "done")
}

// plain is a picture of one colour, but for a line that no eye would see.
func plain(t *testing.T, w, h int, c color.Color) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// photo is a picture that will do; no two marks give the same one.
func photo(t *testing.T, mark string) []byte {
	t.Helper()
	img := card{mrzData: mrzData{Kind: "ID", Issuer: "DE", Surname: mark}, Type: mark}.front()
	data, err := encodeJPEG(img)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestAutoIdentOnThePage walks the pages as S2's tutorial does, with pictures of
// the customer's own, which end up in the evidence.
func TestAutoIdentOnThePage(t *testing.T) {
	for _, kind := range []string{idCard, driversLicense, residencePermit, passport} {
		t.Run(kind, func(t *testing.T) {
			w := newAutoWorld(t, func(cfg *Config) {
				cfg.Dir = t.TempDir()
				cfg.Brand = func(string) Branding { return Branding{Name: "Bank & Co", SuccessURL: "app://back"} }
			})
			w.start("tx-1", map[string]string{"firstname": "X-MANUALTEST-HAPPYPATH", "birthplace": ""})
			v := w.visit("tx-1")
			if !strings.Contains(v.body, "Bank &amp; Co") || !strings.Contains(v.body, "Automatic identification") {
				t.Error("the page greets wrongly")
			}
			v.upToScan(kind)
			v.shows("scanfront")
			v.upload(photo(t, "FRONT"))
			if kind != passport {
				v.shows("scanback")
				w.open() // what was sent outlives a restart
				v.origin = w.goPages.URL
				v.open(v.link)
				v.upload(photo(t, "BACK"))
			}
			v.shows("selfie")
			v.upload(photo(t, "FACE"))
			v.shows("data")
			if n := strings.Count(v.body, "/pictures/"); n != 3 && (kind != passport || n != 2) {
				t.Errorf("%d pictures are shown", n)
			}
			resp, err := http.Get(v.origin + v.link + "/pictures/selfie")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "image/jpeg" || resp.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("the picture is shown as %d %v", resp.StatusCode, resp.Header)
			}
			v.send("validuntil", "2030-01-01", "action", "done")
			v.shows("data")
			if !strings.Contains(v.body, `id="birthplace-error"`) {
				t.Error("what is missing is not asked for")
			}
			v.send("validuntil", "2030-01-01", "birthplace", "Köln", "action", "done")
			v.shows("review")
			w.advance(3 * time.Minute)
			pushed := w.company.take()
			if len(pushed) != 1 || pushed[0].body.Process.Result != success {
				t.Fatalf("pushed %v", pushed)
			}
			r := pushed[0].body
			if r.Document.Type.Value != kind || r.Document.ValidUntil.Value != "2030-01-01" || r.User.Birthplace.Value != "KÖLN" || *r.Contact.Mobile != "01510000000" {
				t.Errorf("%+v", r.Document)
			}
			checkAutoEvidence(t, w, kind)
		})
	}
}

// checkAutoEvidence looks into the ZIP: the customer's pictures and no audio.
func checkAutoEvidence(t *testing.T, w *world, kind string) {
	t.Helper()
	_, data := w.call("GET", "/identifications/tx-1.zip", nil)
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, f := range archive.File {
		names = append(names, strings.TrimPrefix(f.Name, "tx-1"))
		if !strings.HasSuffix(f.Name, ".jpg") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		picture, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jpeg.Decode(bytes.NewReader(picture)); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		ses := w.server.session("tx-1")
		sent := slices.ContainsFunc([]step{stepScanFront, stepScanBack, stepSelfie}, func(s step) bool {
			return bytes.Equal(ses.Shots[string(s)].JPEG, picture)
		})
		if !sent {
			t.Errorf("%s is not what the customer sent", f.Name)
		}
	}
	want := []string{".json", ".xml", ".pdf", "_idfrontside.jpg", "_idbackside.jpg", "_userface.jpg", "_livenessscreenshot1.jpg"}
	if kind == passport {
		want = slices.Delete(want, 4, 5)
	}
	if !slices.Equal(names, want) {
		t.Errorf("the ZIP has %v, want %v", names, want)
	}
}

// TestPicturesAreLookedAt sends pictures that will not do: the page says so in
// time, and whoever sends them all the same is canceled for the reason of S2.
func TestPicturesAreLookedAt(t *testing.T) {
	black, bright := color.RGBA{4, 4, 6, 255}, color.RGBA{254, 254, 254, 255}
	for want, c := range map[string]struct {
		at   step
		data []byte
	}{
		"ID_DARKNESS":     {stepScanFront, plain(t, 800, 600, black)},
		"ID_GLARE":        {stepScanFront, plain(t, 800, 600, bright)},
		"ID_BLURRY":       {stepScanBack, plain(t, 800, 600, color.Gray{130})},
		"ID_DATA":         {stepScanFront, plain(t, 100, 60, color.Gray{130})},
		"ID_DATA_OTHER":   {stepScanBack, []byte("no picture at all")},
		"ID_WRONG_SIDE":   {stepScanBack, photo(t, "FRONT")},
		"SELFIE_DARKNESS": {stepSelfie, plain(t, 600, 800, black)},
		"SELFIE_GLARE":    {stepSelfie, plain(t, 600, 800, bright)},
		"SELFIE_BLURRY":   {stepSelfie, plain(t, 600, 800, color.Gray{130})},
		"SELFIE_OTHER":    {stepSelfie, []byte("GIF89a")},
	} {
		t.Run(want, func(t *testing.T) {
			w := newAutoWorld(t, nil)
			w.start("tx-1", map[string]string{"firstname": "X-MANUALTEST-HAPPYPATH"})
			v := w.visit("tx-1")
			v.upToScan(idCard)
			for _, s := range []step{stepScanFront, stepScanBack, stepSelfie} {
				v.shows(string(s))
				if s != c.at {
					v.upload(photo(t, map[step]string{stepScanFront: "FRONT", stepScanBack: "BACK", stepSelfie: "FACE"}[s]))
					continue
				}
				v.upload(c.data)
				v.shows(string(s))
				if !strings.Contains(v.body, "<code>"+want+"</code>") {
					t.Fatalf("no hint of %s:\n%s", want, v.body)
				}
				v.send("action", "keep")
			}
			v.shows("data")
			v.send("validuntil", "2030-01-01", "action", "done")
			v.shows("review")
			w.advance(3 * time.Minute)
			got := w.company.take()
			if len(got) != 1 || got[0].body.Process.Result != canceled || got[0].body.Process.Reason != want {
				t.Fatalf("pushed %v", got)
			}
			v.open(v.link)
			v.shows("ended")
			v.send("action", "retry") // and takes better ones on the same link
			v.upToScan(idCard)
			for range 3 {
				v.send("action", "specimen")
			}
			v.shows("data")
			v.send("validuntil", "2030-01-01", "action", "done")
			w.advance(3 * time.Minute)
			if got := w.company.take(); len(got) != 1 || got[0].body.Process.Result != success {
				t.Errorf("after another try: %v", got)
			}
		})
	}
}

// TestABetterPicture: after a hint the customer takes another picture, and the
// first one is forgotten.
func TestABetterPicture(t *testing.T) {
	w := newAutoWorld(t, nil)
	w.start("tx-1", map[string]string{"firstname": "X-MANUALTEST-HAPPYPATH"})
	v := w.visit("tx-1")
	v.upToScan(passport)
	v.send("action", "keep") // there is nothing to keep
	v.shows("scanfront")
	v.upload(nil)
	if v.status != 422 || !strings.Contains(v.body, `id="picture-error"`) {
		t.Errorf("nothing was sent: %d", v.status)
	}
	v.upload(plain(t, 800, 600, color.Gray{130}))
	v.upload(photo(t, "FRONT"))
	v.shows("selfie")
	stale := v.body
	v.send("action", "specimen")
	v.shows("data")
	v.body = stale
	v.upload(photo(t, "LATE")) // a form of a step that is over
	v.shows("data")
	v.send("validuntil", "2030-01-01", "action", "done")
	w.advance(3 * time.Minute)
	if got := w.company.take(); len(got) != 1 || got[0].body.Process.Result != success {
		t.Errorf("pushed %v", got)
	}
}

// TestLargePictures: a form that is too long is refused, and changes nothing.
func TestLargePictures(t *testing.T) {
	w := newAutoWorld(t, nil)
	w.start("tx-1", nil)
	v := w.visit("tx-1")
	v.upToScan(idCard)
	v.upload(bytes.Repeat([]byte("x"), maxPicture))
	v.shows("toolarge")
	v.open(v.link)
	v.shows("scanfront")
}

// TestAutoIdentStops: who stops does so for the reason of S2 that fits the page.
func TestAutoIdentStops(t *testing.T) {
	for at, want := range stopReasons {
		t.Run(string(at), func(t *testing.T) {
			w := newAutoWorld(t, nil)
			w.start("tx-1", nil)
			v := w.visit("tx-1")
			v.autoUpTo(at)
			v.send("action", "stop")
			v.shows("ended")
			w.advance(time.Second)
			if got := w.company.take(); len(got) != 1 || got[0].body.Process.Result != aborted || got[0].body.Process.Reason != want {
				t.Errorf("pushed %v, want %s", got, want)
			}
			v.send("action", "retry")
			v.shows("landing")
		})
	}
}

// autoUpTo walks to a step with specimens.
func (v *visitor) autoUpTo(last step) {
	v.t.Helper()
	v.shows("landing")
	if last == stepLanding {
		return
	}
	v.send(autoLandingForm...)
	for _, s := range autoSteps {
		v.shows(string(s))
		switch {
		case s == last:
			return
		case s == stepChoose:
			v.send("document", idCard, "issuer", "DE", "action", "done")
		default:
			v.send("action", "specimen")
		}
	}
}

// TestAutoIdentPicker: every one of the 76 reasons of S2 can be chosen, and comes
// with the result under which S2 lists it.
func TestAutoIdentPicker(t *testing.T) {
	counts := map[string]int{aborted: 20, canceled: 41, fraudConfirmed: 15}
	w := newAutoWorld(t, nil)
	for result, reasons := range autoReasons {
		if len(reasons) != counts[result] {
			t.Errorf("%s has %d reasons, S2 has %d", result, len(reasons), counts[result])
		}
		for _, reason := range reasons {
			w.start(reason, nil)
			v := w.visit(reason)
			v.autoUpTo(stepChoose)
			if !strings.Contains(v.body, `value="reason:`+reason+`"`) {
				t.Errorf("%s is not on offer", reason)
			}
			v.send("action", "simulate", "ending", "reason:"+reason)
			w.advance(3 * time.Minute)
			got := w.company.take()
			if len(got) != 1 || got[0].body.Process.Result != result || got[0].body.Process.Reason != reason {
				t.Errorf("%s: pushed %v", reason, got)
			}
		}
	}
}

// TestAutoIdentEndings: the cases that the page offers to people without a test name.
func TestAutoIdentEndings(t *testing.T) {
	for name, want := range map[string][]string{
		"HAPPYPATH": {success}, "CANCELED": {fraudConfirmed}, "FRAUDIDENT": {failed}, "FRAUDOK": {canceled, success}, "FRAUDREVIEW": {success, fraudConfirmed},
	} {
		w := newAutoWorld(t, nil)
		w.start("tx-1", nil)
		v := w.visit("tx-1")
		v.autoUpTo(stepSelfie)
		v.send("action", "simulate", "ending", "case:"+name)
		v.shows("review")
		w.advance(10 * time.Minute)
		var got []string
		for _, p := range w.company.take() {
			got = append(got, p.body.Process.Result)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestAutoIdentRules: a document that ran out, one that is not accepted, a form
// with mistakes, a page left open, and test persons whose end is fixed.
func TestAutoIdentRules(t *testing.T) {
	w := newAutoWorld(t, nil)
	for tx, c := range map[string]struct {
		name, want string
		walk       func(*visitor)
	}{
		"expired": {"Erika", "CANCELED ID_EXPIRED", func(v *visitor) {
			v.autoUpTo(stepData)
			v.send("validuntil", "2025-12-31", "action", "done")
		}},
		"unsupported": {"Erika", "ABORTED USER_CANCELLATION_DOCUMENT_NOT_ACCEPTED", func(v *visitor) {
			v.autoUpTo(stepChoose)
			v.send("document", otherDocument, "issuer", "DE", "action", "done")
		}},
		"unticked": {"Erika", "ABORTED USER_CANCELLATION_TERMS_DENIED", func(v *visitor) {
			v.send("terms", "yes", "mobile", "+49151", "action", "done")
			for _, field := range []string{"ready", "pictures", "mobile"} {
				if !strings.Contains(v.body, `id="`+field+`-error"`) {
					v.t.Errorf("nothing is said of %s", field)
				}
			}
			v.send("action", "stop")
		}},
		"mistakes": {"Erika", "ABORTED USER_CANCELLATION_USER_NOT_INTERESTED", func(v *visitor) {
			v.autoUpTo(stepChoose)
			v.send("document", "LIBRARY_CARD", "issuer", "??", "action", "done")
			if v.status != 422 || !strings.Contains(v.body, `id="document-error"`) || !strings.Contains(v.body, `id="issuer-error"`) {
				v.t.Errorf("%d", v.status)
			}
			v.send("action", "simulate", "ending", "reason:NOT_A_REASON")
			v.send("document", passport, "issuer", "FR", "action", "done")
			v.send("action", "specimen")
			v.send("action", "specimen")
			v.send("validuntil", "tomorrow", "action", "done")
			if v.status != 422 || !strings.Contains(v.body, `id="validuntil-error"`) {
				v.t.Errorf("%d", v.status)
			}
			v.send("action", "stop")
		}},
		"left": {"Erika", "ABORTED USER_CANCELLATION_IDENTIFY_LATER", func(v *visitor) { v.autoUpTo(stepSelfie) }},
		"forged": {"X-MANUALTEST-CANCELED", "FRAUD_SUSPICION_CONFIRMED WARNING_FAKED_MANIPULATED_ID", func(v *visitor) {
			v.autoUpTo(stepData)
			v.send("validuntil", "2025-12-31", "action", "done")
		}},
		"fixed": {"X-MANUALTEST-FRAUDIDENT", "FAILED OTHER_ERROR", func(v *visitor) {
			v.autoUpTo(stepData)
			v.send("action", "simulate", "ending", "case:HAPPYPATH") // the name decides
			v.send("validuntil", "2030-12-31", "action", "done")
		}},
		"robot": {"X-AUTOTEST-HAPPYPATH", "SUCCESS", func(v *visitor) { v.shows("automatic") }},
	} {
		w.start(tx, map[string]string{"firstname": c.name})
		v := w.visit(tx)
		c.walk(v)
		w.advance(31 * time.Minute)
		got := w.company.take()
		if len(got) != 1 || strings.TrimSpace(got[0].body.Process.Result+" "+got[0].body.Process.Reason) != c.want {
			t.Errorf("%s: pushed %v, want %s", tx, got, c.want)
		}
	}
}
