package sandbox_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// photo is a picture of the given colour with stripes sharp enough to be a document's.
func photo(t *testing.T, ground color.Color) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 900, 600))
	draw.Draw(img, img.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	for y := 40; y < 600; y += 40 {
		for x := 40; x < 800; x += 30 {
			draw.Draw(img, image.Rect(x, y, x+14, y+18), image.Black, image.Point{}, draw.Src)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// average is the mean colour of a JPEG, by which a picture is known again.
func average(t *testing.T, data []byte) (r, b int) {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	box := img.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y += 3 {
		for x := box.Min.X; x < box.Max.X; x += 3 {
			red, _, blue, _ := img.At(x, y).RGBA()
			r, b = r+int(red>>8), b+int(blue>>8)
		}
	}
	n := ((box.Dx() + 2) / 3) * ((box.Dy() + 2) / 3)
	return r / n, b / n
}

// TestAutoIdentPictures: what the customer took pictures of is what the partner
// downloads.
func TestAutoIdentPictures(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		r := testkit.NewReceiver(t)
		r.Subscribe(l, "IDENTIFICATION")
		person := l.Person("X-MANUALTEST-HAPPYPATH")
		base := "/v1/persons/" + person + "/identifications"
		ident := base + "/" + l.Call(201, "POST", base, testkit.Object{"method": "idnow_autoident", "language": "EN"})["id"].(string)
		o := l.Call(200, "PATCH", ident+"/request", nil)
		c := testkit.OpenPage(t, o["url"].(string))
		if !strings.Contains(c.Body, "Sandbox Bank") || strings.Contains(c.Body, o["reference"].(string)) {
			t.Fatalf("the page greets wrongly, or shows the reference:\n%s", c.Body)
		}
		c.Send("terms", "yes", "ready", "yes", "pictures", "yes", "mobile", "+15550101", "action", "done")
		c.Send("document", "DRIVERS_LICENSE", "issuer", "DE", "action", "done")
		red, blue := color.RGBA{230, 120, 120, 255}, color.RGBA{120, 120, 230, 255}
		c.Upload("picture", "front.jpg", photo(t, red), "action", "send")
		c.Upload("picture", "back.jpg", photo(t, blue), "action", "send")
		c.Upload("picture", "me.jpg", photo(t, color.Gray{160}), "action", "send")
		c.Send("action", "done", "validuntil", "2039-12-31", "birthday", "1972-12-24", "birthplace", "Köln", "nationality", "DE",
			"street", "Hauptstraße 1", "zipcode", "10115", "city", "Berlin", "country", "DE")
		if !strings.Contains(c.Body, "All done") {
			t.Fatalf("not through:\n%s", c.Body)
		}
		l.Advance("3m")
		if got := r.Statuses(path.Base(ident)); !slices.Equal(got, []string{"created", "pending", "successful"}) {
			t.Errorf("webhooks told %v", got)
		}
		var kinds []string
		for _, d := range l.Call(200, "GET", ident+"?include_documents=true", nil)["documents"].([]any) {
			document := d.(testkit.Object)
			kinds = append(kinds, document["document_type"].(string))
			if document["content_type"] != "image/jpeg" {
				continue
			}
			status, _, data := l.Do("GET", "/v1/persons/"+person+"/documents/"+document["id"].(string)+"/file", nil)
			if status != 200 {
				t.Fatalf("%d", status)
			}
			r, b := average(t, data)
			want := map[any]int{"idfrontside.jpg": 1, "idbackside.jpg": -1}[document["name"]] // more red, more blue, neither
			if got := min(1, max(-1, (r-b)/20)); got != want {
				t.Errorf("%v is another picture: red %d, blue %d", document["name"], r, b)
			}
		}
		slices.Sort(kinds)
		if !slices.Equal(kinds, []string{"ID_DOCUMENT", "ID_DOCUMENT", "KYC_REPORT", "PICTURE", "PICTURE"}) {
			t.Errorf("documents: %v", kinds)
		}
		after := l.Call(200, "GET", "/v1/persons/"+person, nil)
		if after["legitimation_valid_until"] != "2039-12-31" || after["mobile_number"] != "+15550101" || after["birth_city"] != "KÖLN" {
			t.Errorf("the person: %v %v %v", after["legitimation_valid_until"], after["mobile_number"], after["birth_city"])
		}
	})
}

// TestReKYC is the life of a customer: identified by video, then anew without an
// agent, told that this document runs out, identified once more. Each success
// renews both dates, and each notice is of the document that counts (S2; rulings §2).
func TestReKYC(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		r := testkit.NewReceiver(t)
		r.Subscribe(l, "POTENTIAL_ACCOUNT_BLOCKING")
		first := l.Identify("Anna")
		person := "/v1/persons/" + strings.Split(first, "/")[3]
		l.Call(200, "POST", "/sandbox/identifications/"+path.Base(first)+"/result", testkit.Object{"result": "SUCCESS"})
		today := func() string { return l.Call(200, "GET", "/sandbox/clock", nil)["now"].(string)[:10] }
		var notices []string // the days on which blocking was announced
		for _, days := range []int{100, 200} {
			// the customer ought to have been asked: the follow-up is due in 60 days
			l.Call(200, "PATCH", person+"/update_for_development", testkit.Object{"aml_follow_up_date": addDays(t, today(), 60)})
			until := addDays(t, today(), days)
			identifyAgain(l, person, until)
			p := l.Call(200, "GET", person, nil)
			if want := addYears(t, today(), 5); p["aml_follow_up_date"] != want { // not scored counts as medium risk
				t.Errorf("the follow-up is on %v, want %s", p["aml_follow_up_date"], want)
			}
			if p["legitimation_valid_until"] != until {
				t.Errorf("the document is valid until %v, want %s", p["legitimation_valid_until"], until)
			}
			moveTo(l, until, -61)
			if got := r.Hooks(); len(got) != len(notices) {
				t.Fatalf("61 days before %s: %d notices, want %d", until, len(got), len(notices))
			}
			moveTo(l, until, -59)
			notices = append(notices, until)
			got := r.Hooks()
			if len(got) != len(notices) {
				t.Fatalf("59 days before %s: %d notices, want %d", until, len(got), len(notices))
			}
			want := `{"blocking_date":"` + until + `","reason":"IDENTIFICATION_DOCUMENT_EXPIRED"}`
			if body := string(got[len(got)-1].Body); body != want {
				t.Errorf("told %s, want %s", body, want)
			}
		}
	})
}

// identifyAgain identifies a person automatically, on the page, with a passport
// that is valid until the given day. A German passport shows no address, so a proof
// of it is announced.
func identifyAgain(l *testkit.Live, person, until string) {
	l.T.Helper()
	ident := person + "/identifications/" + l.Call(201, "POST", person+"/identifications", testkit.Object{
		"method": "idnow_autoident", "proof_of_address_type": "GAS_BILL",
		"proof_of_address_issued_at": addDays(l.T, l.Call(200, "GET", "/sandbox/clock", nil)["now"].(string)[:10], -10),
	})["id"].(string)
	c := testkit.OpenPage(l.T, l.Call(200, "PATCH", ident+"/request", nil)["url"].(string))
	c.Send("terms", "yes", "ready", "yes", "pictures", "yes", "mobile", "0151234567", "action", "done")
	c.Send("document", "PASSPORT", "issuer", "DE", "action", "done")
	c.Send("action", "specimen")
	c.Send("action", "specimen")
	c.Send("action", "done", "validuntil", until)
	l.Advance("5m")
	if s := l.Status(ident); s != "successful" {
		l.T.Fatalf("the identification is %s; the page:\n%s", s, c.Body)
	}
}

// moveTo moves the clock to noon of so many days after a day.
func moveTo(l *testkit.Live, day string, days int) {
	l.T.Helper()
	l.Call(200, "POST", "/sandbox/clock", testkit.Object{"to": addDays(l.T, day, days) + "T12:00:00Z"})
	l.Token = l.TokenOf(l.Partner.ClientID, l.Partner.ClientSecret)
}

func addDays(t testing.TB, day string, days int) string {
	t.Helper()
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	return d.AddDate(0, 0, days).Format(time.DateOnly)
}

// addYears is the same day so many years later, as calendars have it.
func addYears(t testing.TB, day string, years int) string {
	t.Helper()
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	return d.AddDate(years, 0, 0).Format(time.DateOnly)
}
