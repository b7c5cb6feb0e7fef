package pdf

import (
	"errors"
	"fmt"
)

// catalog is the file's root and where it is.
func (f *file) catalog() (ref, dict, error) {
	at, ok := f.trailer["Root"].(ref)
	if !ok {
		return at, nil, errSyntax
	}
	root, err := f.getDict(at)
	if err == nil && root == nil {
		err = errSyntax
	}
	return at, root, err
}

// page is one page and where it is.
type page struct {
	at   ref
	dict dict
}

// pages lists the file's pages.
func (f *file) pages() ([]page, error) {
	_, root, err := f.catalog()
	if err != nil {
		return nil, err
	}
	var all []page
	seen := map[ref]bool{}
	var walk func(v any, depth int) error
	walk = func(v any, depth int) error {
		at, ok := v.(ref)
		if !ok || seen[at] || len(seen) == maxPages || depth > maxDepth {
			return errSyntax
		}
		seen[at] = true
		node, err := f.getDict(at)
		if err != nil || node == nil {
			return errSyntax
		}
		kids, err := f.getArray(node["Kids"])
		if err != nil {
			return err
		}
		if kids == nil {
			all = append(all, page{at, node})
		}
		for _, kid := range kids {
			if err := walk(kid, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(root["Pages"], 0); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("pdf: the file has no page")
	}
	return all, nil
}

// field is a signature field of the form, and its place on a page, which may be
// the same object.
type field struct {
	name     string // with the names of those above it
	at       ref
	dict     dict
	placeAt  ref
	place    dict
	oneplace bool // a field may stand in several places, too
	signed   bool // it has a value
}

// form reads the file's form: where it is (a zero ref: within the catalog), what
// it says, and its signature fields in their order.
func (f *file) form() (ref, dict, []field, error) {
	_, root, err := f.catalog()
	if err != nil {
		return ref{}, nil, nil, err
	}
	at, _ := root["AcroForm"].(ref)
	form, err := f.getDict(root["AcroForm"])
	if err != nil {
		return ref{}, nil, nil, err
	}
	roots, err := f.getArray(form["Fields"])
	if err != nil {
		return ref{}, nil, nil, err
	}
	w := formWalk{file: f, seen: map[ref]bool{}}
	for _, v := range roots {
		if err := w.visit(v, "", nil, 0); err != nil {
			return ref{}, nil, nil, err
		}
	}
	return at, form, w.fields, nil
}

type formWalk struct {
	*file
	seen   map[ref]bool
	fields []field
}

// visit reads a field and those below it. What is not a field at all is passed over.
func (w *formWalk) visit(v any, above string, kind any, depth int) error {
	at, ok := v.(ref)
	if !ok || w.seen[at] || len(w.seen) == maxFields || depth > maxDepth {
		return errSyntax
	}
	w.seen[at] = true
	d, err := w.getDict(at)
	if err != nil || d == nil {
		return err
	}
	if own, err := w.get(d["FT"]); err != nil {
		return err
	} else if own != nil {
		kind = own
	}
	full := above
	if v, err := w.get(d["T"]); err != nil {
		return err
	} else if own, named := v.(text); named && above == "" {
		full = own.String()
	} else if named {
		full = above + "." + own.String()
	}
	kids, err := w.getArray(d["Kids"])
	if err != nil {
		return err
	}
	below, err := w.fieldsAmong(kids)
	if err != nil {
		return err
	}
	if !below {
		if kind == name("Sig") {
			return w.signature(field{name: full, at: at, dict: d}, kids)
		}
		return nil
	}
	for _, kid := range kids {
		if err := w.visit(kid, full, kind, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// fieldsAmong says whether these are fields, not places of one: fields have names.
func (w *formWalk) fieldsAmong(kids array) (bool, error) {
	for _, kid := range kids {
		d, err := w.getDict(kid)
		if err != nil {
			return false, err
		}
		if _, named := d["T"]; named {
			return true, nil
		}
	}
	return false, nil
}

func (w *formWalk) signature(s field, kids array) error {
	v, err := w.get(s.dict["V"])
	if err != nil {
		return err
	}
	s.signed = v != nil
	switch len(kids) {
	case 0:
		s.placeAt, s.place, s.oneplace = s.at, s.dict, true
	case 1:
		if s.place, err = w.getDict(kids[0]); err != nil {
			return err
		}
		s.placeAt, s.oneplace = kids[0].(ref)
	}
	w.fields = append(w.fields, s)
	return nil
}

// size is the width and height of the field's place in points; 0 if it is not seen.
func (f *file) size(s field) (width, height float64, err error) {
	if !s.oneplace {
		return 0, 0, nil
	}
	r, err := f.getArray(s.place["Rect"])
	if err != nil || len(r) != 4 {
		return 0, 0, err
	}
	var c [4]float64
	for n := range c {
		var ok bool
		if c[n], ok = real(r[n]); !ok || c[n] < -20000 || c[n] > 20000 {
			return 0, 0, errSyntax
		}
	}
	return max(c[2]-c[0], c[0]-c[2]), max(c[3]-c[1], c[1]-c[3]), nil
}

// choose finds the field to sign: the one of this name, or the first that is
// empty. False: there is none, and the name is free.
func choose(fields []field, wanted string) (field, bool, error) {
	for _, s := range fields {
		switch {
		case wanted == "" && !s.signed, wanted != "" && s.name == wanted && !s.signed:
			return s, true, nil
		case wanted != "" && s.name == wanted:
			return s, false, errors.New("pdf: the signature field of this name is signed already")
		}
	}
	return field{}, false, nil
}

// freeName is a name that no signature field has yet.
func freeName(fields []field) string {
	taken := map[string]bool{}
	for _, s := range fields {
		taken[s.name] = true
	}
	for n := 1; ; n++ {
		if s := fmt.Sprintf("Signature%d", n); !taken[s] {
			return s
		}
	}
}
