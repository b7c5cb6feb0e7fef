package pdf

import (
	"crypto/sha1" // names an entry, as the format wants; it proves nothing
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Embed puts a CMS (one value of DER) into the room that Prepare left. It does
// not look into it: Examine the result, and Verify what it finds.
//
// Errors: the file waits for no CMS; the CMS is not DER, or larger than MaxCMS.
func Embed(prepared, cms []byte) ([]byte, error) {
	if len(cms) > MaxCMS {
		return nil, fmt.Errorf("pdf: the signature has %d bytes, there is room for %d", len(cms), MaxCMS)
	}
	if whole, err := der(cms); err != nil || len(whole) != len(cms) {
		return nil, errCMS
	}
	s, err := last(prepared)
	if err != nil {
		return nil, err
	}
	if s.CMS != nil || !s.Whole || s.Hole[1]-s.Hole[0]-2 < 2*len(cms) {
		return nil, errors.New("pdf: the file waits for no signature")
	}
	signed := slices.Clone(prepared)
	hex.Encode(signed[s.Hole[0]+1:], cms)
	return signed, nil
}

// Validation is what a reader needs to check a signature when those who issued
// the certificates do not answer any more: each a value of DER.
type Validation struct {
	Certificates [][]byte
	OCSPs        [][]byte // whole answers (OCSPResponse of RFC 6960)
	CRLs         [][]byte
}

// maxValidation is how many bytes a validation may have, and how many values.
const (
	maxValidation = 32 << 20
	maxValidating = 1000
)

// AddValidation adds a revision with what is needed to check the last signature
// years later: the security store of the file (DSS), and an entry in it for that
// signature (VRI). With nothing to add the file is left as it is.
func AddValidation(signed []byte, v Validation) ([]byte, error) {
	s, err := last(signed)
	if err != nil {
		return nil, err
	}
	if s.CMS == nil {
		return nil, errors.New("pdf: the file still waits for its signature")
	}
	size, count := 0, 0
	for _, list := range [][][]byte{v.Certificates, v.OCSPs, v.CRLs} {
		for _, one := range list {
			if whole, err := der(one); err != nil || len(whole) != len(one) {
				return nil, errors.New("pdf: the validation has something that is not DER")
			}
			size, count = size+len(one), count+1
		}
	}
	if count == 0 {
		return signed, nil
	}
	if size > maxValidation || count > maxValidating {
		return nil, errors.New("pdf: the validation is too large")
	}
	f, err := parse(signed)
	if err != nil {
		return nil, err
	}
	u, err := f.update()
	if err != nil {
		return nil, err
	}
	return u.validate(s, v)
}

func (u *update) validate(s Signature, v Validation) ([]byte, error) {
	rootAt, root, err := u.catalog()
	if err != nil {
		return nil, err
	}
	old, err := u.getDict(root["DSS"])
	if err != nil {
		return nil, err
	}
	known, err := u.getDict(old["VRI"])
	if err != nil {
		return nil, err
	}
	store, entries, own := dict{}, dict{}, dict{"Type": name("VRI")}
	maps.Copy(store, old)
	maps.Copy(entries, known)
	for _, list := range []struct {
		all, own name
		values   [][]byte
	}{{"Certs", "Cert", v.Certificates}, {"OCSPs", "OCSP", v.OCSPs}, {"CRLs", "CRL", v.CRLs}} {
		if len(list.values) == 0 {
			continue
		}
		before, err := u.getArray(old[list.all])
		if err != nil {
			return nil, err
		}
		added := u.addOnce(list.values)
		store[list.all] = append(slices.Clone(before), added...)
		own[list.own] = added
	}
	sum := sha1.Sum(s.padded) // EN 319 142-1, 5.4.2.2
	entries[name(fmt.Sprintf("%X", sum))] = own
	store["Type"], store["VRI"] = name("DSS"), entries
	root = maps.Clone(root)
	root["DSS"] = u.add(store)
	if err := extend(u, root, 5); err != nil {
		return nil, err
	}
	u.put(rootAt, root)
	u.close()
	return u.out, nil
}

// addOnce adds a stream for each value, one for those that are equal.
func (u *update) addOnce(values [][]byte) array {
	var all array
	seen := map[string]bool{}
	for _, b := range values {
		if !seen[string(b)] {
			seen[string(b)] = true
			all = append(all, u.addStream(dict{}, b))
		}
	}
	return all
}
