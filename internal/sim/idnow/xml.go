package idnow

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
)

// xmlWriter writes a result in the XML of the ZIP. Cells are elements with the attributes status and original.
type xmlWriter struct {
	enc *xml.Encoder
	err error // the first that occurred
}

// resultXML is the XML variant of a result.
func resultXML(r result) ([]byte, error) {
	out := bytes.NewBufferString(xml.Header)
	x := &xmlWriter{enc: xml.NewEncoder(out)}
	x.enc.Indent("", "  ")
	x.section("identifications", func() { x.section("identification", func() { x.identification(r) }) })
	if x.err == nil {
		x.err = x.enc.Close()
	}
	if x.err != nil {
		return nil, fmt.Errorf("write XML: %w", x.err)
	}
	return out.Bytes(), nil
}

func (x *xmlWriter) identification(r result) {
	p := r.Process
	x.section("identificationprocess", func() {
		x.element("result", p.Result)
		if p.Reason != "" {
			x.element("reason", p.Reason)
		}
		x.element("companyid", p.CompanyID)
		x.element("filename", p.Filename)
		x.element("agentname", p.Agent)
		x.element("identificationtime", p.Time)
		x.element("id", p.ID)
		x.element("href", p.Href)
		x.element("type", p.Type)
		x.element("transactionnumber", p.Tx)
	})
	x.section("customdata", func() {
		for i, v := range []*string{r.Custom.Custom1, r.Custom.Custom2, r.Custom.Custom3, r.Custom.Custom4, r.Custom.Custom5} {
			x.optional(fmt.Sprintf("custom%d", i+1), v)
		}
	})
	x.section("contactdata", func() {
		x.optional("mobilephone", r.Contact.Mobile)
		x.optional("email", r.Contact.Email)
	})
	x.section("userdata", func() {
		x.cells(r.User.person())
		if r.User.Address != nil {
			x.section("address", func() { x.cells(r.User.Address.cells()) })
		}
	})
	if r.Document != nil {
		x.section("identificationdocument", func() { x.cells(r.Document.cells()) })
	}
	x.section("attachments", func() {
		for _, name := range slices.Sorted(maps.Keys(r.Attachments)) {
			x.element(name, r.Attachments[name])
		}
	})
	x.questions(r.Questions)
}

// questions become plain elements.
func (x *xmlWriter) questions(raw json.RawMessage) {
	if len(raw) == 0 || x.err != nil {
		return
	}
	var answers map[string]struct{ Value any }
	if x.err = json.Unmarshal(raw, &answers); x.err != nil {
		return
	}
	x.section("questions", func() {
		for _, key := range slices.Sorted(maps.Keys(answers)) {
			x.element("question", fmt.Sprint(answers[key].Value), xml.Attr{Name: xml.Name{Local: "key"}, Value: key})
		}
	})
}

func (x *xmlWriter) cells(cells []namedCell) {
	for _, named := range cells {
		c := *named.cell
		if c == nil {
			continue
		}
		attrs := []xml.Attr{{Name: xml.Name{Local: "status"}, Value: c.Status}}
		if c.Original != "" {
			attrs = append(attrs, xml.Attr{Name: xml.Name{Local: "original"}, Value: c.Original})
		}
		x.element(named.name, c.Value, attrs...)
	}
}

func (x *xmlWriter) optional(name string, v *string) {
	if v != nil {
		x.element(name, *v)
	}
}

func (x *xmlWriter) element(name, text string, attrs ...xml.Attr) {
	if x.err == nil {
		x.err = x.enc.EncodeElement(text, xml.StartElement{Name: xml.Name{Local: name}, Attr: attrs})
	}
}

func (x *xmlWriter) section(name string, content func()) {
	start := xml.StartElement{Name: xml.Name{Local: name}}
	if x.err == nil {
		x.err = x.enc.EncodeToken(start)
	}
	content()
	if x.err == nil {
		x.err = x.enc.EncodeToken(start.End())
	}
}
