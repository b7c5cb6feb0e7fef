package pdf

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Archival is what a file for the archive says of itself, and the place of the
// one signature that is to come.
type Archival struct {
	Title    string
	Producer string
	Language string    // "de" and the like
	At       time.Time // when it was made

	Field string // name of the signature field
	Label string // what it is for, for people
	// The place on the last page, in points from its lower left corner.
	Left, Bottom, Width, Height float64
}

// Archive writes a file of ours again in the form of PDF/A-2b (ISO 19005-2), with
// an empty signature field: with its properties as XMP, the colour space sRGB as
// output intent, an identifier made from its content, and without transparency,
// actions and attachments. The fonts must be embedded already, and the colours be
// RGB or grey. No checker of PDF/A has looked at the result: it is made after the
// standard, and the tests look at each of these properties alone.
func Archive(made []byte, a Archival) ([]byte, error) {
	f, err := parse(made)
	if err != nil {
		return nil, err
	}
	rootAt, root, err := f.catalog()
	if err != nil {
		return nil, err
	}
	infoAt, ok := f.trailer["Info"].(ref)
	pages, err := f.pages()
	if err != nil || !ok {
		return nil, errors.Join(err, errSyntax)
	}
	free, err := f.next()
	if err != nil {
		return nil, err
	}
	u := &update{f, []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), free, map[int]entry{}}
	sum := sha256.Sum256(made)
	widget := u.reserve()
	if err := u.again(pages, widget, rootAt, infoAt); err != nil {
		return nil, err
	}
	u.put(infoAt, dict{
		"Title": hexText(a.Title), "Producer": hexText(a.Producer), "CreationDate": dateText(a.At), "ModDate": dateText(a.At),
	})
	look := u.addStream(dict{"Type": name("XObject"), "Subtype": name("Form"), "BBox": rectangle(0, 0, a.Width, a.Height), "Resources": dict{}}, nil)
	u.put(widget, dict{
		"Type": name("Annot"), "Subtype": name("Widget"), "FT": name("Sig"), "T": hexText(a.Field), "TU": hexText(a.Label),
		"F": 4, "P": pages[len(pages)-1].at, "AP": dict{"N": look}, // printed
		"Rect": rectangle(a.Left, a.Bottom, a.Left+a.Width, a.Bottom+a.Height),
	})
	metadata, err := a.metadata(sum)
	if err != nil {
		return nil, err
	}
	u.put(rootAt, dict{
		"Type": name("Catalog"), "Pages": root["Pages"], "Lang": hexText(a.Language),
		"Metadata": u.addStream(dict{"Type": name("Metadata"), "Subtype": name("XML")}, metadata),
		"OutputIntents": array{dict{
			"Type": name("OutputIntent"), "S": name("GTS_PDFA1"), "OutputConditionIdentifier": text{"(" + profileName + ")", -1},
			"Info": text{"(" + profileName + ")", -1}, "DestOutputProfile": u.addStream(dict{"N": 3}, profile()),
		}},
		"AcroForm":          dict{"Fields": array{widget}, "SigFlags": 1},
		"ViewerPreferences": dict{"DisplayDocTitle": true},
	})
	u.whole(dict{"Root": rootAt, "Info": infoAt, "ID": array{hexBytes(sum[:16]), hexBytes(sum[:16])}})
	return u.out, nil
}

// again writes the objects of the file, without those that are made anew.
func (u *update) again(pages []page, widget ref, anew ...ref) error {
	last := pages[len(pages)-1].at.number
	for _, n := range slices.Sorted(maps.Keys(u.entries)) {
		if u.entries[n].free || slices.Contains(anew, ref{number: n}) {
			continue
		}
		v, err := u.object(n)
		if err != nil {
			return err
		}
		if s, ok := v.(stream); ok {
			raw, err := u.raw(s)
			if err != nil {
				return err
			}
			u.putStream(ref{number: n}, s.dict, raw)
			continue
		}
		if d, ok := v.(dict); ok && d["Type"] == name("Page") {
			delete(d, "Group") // the word for transparency
			if n == last {
				d["Annots"] = array{widget}
			}
		}
		u.put(ref{number: n}, v)
	}
	return nil
}

// whole writes the cross-reference table of a file of one revision.
func (u *update) whole(trailer dict) {
	start := len(u.out)
	u.out = fmt.Appendf(u.out, "xref\n0 %d\n0000000000 65535 f\r\n", u.free)
	for n := 1; n < u.free; n++ {
		if e, used := u.at[n]; used {
			u.out = fmt.Appendf(u.out, "%010d 00000 n\r\n", e.at)
		} else {
			u.out = append(u.out, "0000000000 65535 f\r\n"...)
		}
	}
	trailer["Size"] = u.free
	u.out = append(write(append(u.out, "trailer\n"...), trailer), '\n')
	u.out = fmt.Appendf(u.out, "startxref\n%d\n%%%%EOF\n", start)
}

func dateText(t time.Time) text { return text{t.UTC().Format("(D:20060102150405Z)"), -1} }

// metadata is what the file says of itself in XMP (ISO 16684-1); it repeats what
// the older dictionary says.
func (a Archival) metadata(sum [sha256.Size]byte) ([]byte, error) {
	at := a.At.UTC().Format("2006-01-02T15:04:05Z")
	id := fmt.Sprintf("uuid:%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
	var values []any
	for _, s := range []string{a.Title, a.Producer, at, at, id, id} {
		var b bytes.Buffer
		if err := xml.EscapeText(&b, []byte(s)); err != nil {
			return nil, fmt.Errorf("pdf: %w", err)
		}
		values = append(values, b.String())
	}
	return fmt.Appendf(nil, strings.TrimPrefix(xmp, "\n"), values...), nil
}

const xmp = `
<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/">
<pdfaid:part>2</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:title>
<pdf:Producer>%s</pdf:Producer>
<xmp:CreateDate>%s</xmp:CreateDate>
<xmp:ModifyDate>%s</xmp:ModifyDate>
<xmpMM:DocumentID>%s</xmpMM:DocumentID>
<xmpMM:InstanceID>%s</xmpMM:InstanceID>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>`
