package pdf

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
)

// update is a revision while it is added to a file.
type update struct {
	*file
	out  []byte
	free int // the next number that is free
	at   map[int]entry
}

func (f *file) update() (*update, error) {
	free, err := f.next()
	if err != nil {
		return nil, err
	}
	return &update{f, append(slices.Clone(f.b), '\n'), free, map[int]entry{}}, nil
}

// reserve takes a number for an object that is put later.
func (u *update) reserve() ref {
	u.free++
	return ref{number: u.free - 1}
}

// put writes an object, a new one or a new version of an old one.
func (u *update) put(to ref, v any) {
	u.at[to.number] = entry{at: len(u.out), generation: to.generation}
	u.out = fmt.Appendf(u.out, "%d %d obj\n", to.number, to.generation)
	u.out = append(write(u.out, v), "\nendobj\n"...)
}

func (u *update) add(v any) ref {
	to := u.reserve()
	u.put(to, v)
	return to
}

// putStream writes a stream; d is its dictionary without the length.
func (u *update) putStream(to ref, d dict, b []byte) {
	d = maps.Clone(d)
	d["Length"] = len(b)
	u.at[to.number] = entry{at: len(u.out), generation: to.generation}
	u.out = fmt.Appendf(u.out, "%d %d obj\n", to.number, to.generation)
	u.out = slices.Concat(write(u.out, d), []byte("\nstream\n"), b, []byte("\nendstream\nendobj\n"))
}

func (u *update) addStream(d dict, b []byte) ref {
	to := u.reserve()
	u.putStream(to, d, b)
	return to
}

// take copies a value from another file, with all that it refers to.
func (u *update) take(v any, from *file, done map[ref]ref) (any, error) {
	switch v := v.(type) {
	case ref:
		if to, ok := done[v]; ok {
			return to, nil
		}
		done[v] = u.reserve()
		one, err := from.object(v.number)
		if err != nil {
			return nil, err
		}
		if s, ok := one.(stream); ok {
			raw, err := from.raw(s)
			if err != nil {
				return nil, err
			}
			d, err := u.take(s.dict, from, done)
			if err != nil {
				return nil, err
			}
			u.putStream(done[v], d.(dict), raw)
			return done[v], nil
		}
		if one, err = u.take(one, from, done); err != nil {
			return nil, err
		}
		u.put(done[v], one)
		return done[v], nil
	case array:
		a := array{}
		for _, one := range v {
			one, err := u.take(one, from, done)
			if err != nil {
				return nil, err
			}
			a = append(a, one)
		}
		return a, nil
	case dict:
		d := dict{}
		for _, k := range slices.Sorted(maps.Keys(v)) { // in an order, for the numbers
			one, err := u.take(v[k], from, done)
			if err != nil {
				return nil, err
			}
			d[k] = one
		}
		return d, nil
	}
	return v, nil
}

// extend says in the catalog that the file goes beyond PDF 1.7 as PAdES does
// (ETSI TS 102 778, parts 3 and 4).
func extend(u *update, root dict, level int) error {
	old, err := u.getDict(root["Extensions"])
	if err != nil {
		return err
	}
	own, err := u.getDict(old["ESIC"])
	if err != nil {
		return err
	}
	if is, ok := whole(own["ExtensionLevel"]); ok && is >= level {
		return nil
	}
	all := dict{}
	maps.Copy(all, old)
	all["ESIC"] = dict{"BaseVersion": name("1.7"), "ExtensionLevel": level}
	root["Extensions"] = all
	return nil
}

// close writes the revision's section of the cross-reference table, in the form
// that the file's last one has.
func (u *update) close() {
	trailer := dict{"Prev": u.start, "Root": u.trailer["Root"]}
	if info, ok := u.trailer["Info"]; ok {
		trailer["Info"] = info
	}
	if id, err := u.getArray(u.trailer["ID"]); err == nil && len(id) == 2 {
		sum := sha256.Sum256(u.out)
		trailer["ID"] = array{id[0], hexBytes(sum[:16])}
	}
	start := len(u.out)
	if u.streams {
		u.at[u.reserve().number] = entry{at: start}
	}
	numbers := slices.Sorted(maps.Keys(u.at))
	trailer["Size"] = u.free
	if u.streams {
		u.out = u.tableStream(u.out, trailer, numbers)
	} else {
		u.out = append(u.out, "xref\n"...)
		for _, n := range numbers {
			u.out = fmt.Appendf(u.out, "%d 1\n%010d %05d n\r\n", n, u.at[n].at, u.at[n].generation)
		}
		u.out = append(write(append(u.out, "trailer\n"...), trailer), '\n')
	}
	u.out = fmt.Appendf(u.out, "startxref\n%d\n%%%%EOF\n", start)
}

func (u *update) tableStream(out []byte, trailer dict, numbers []int) []byte {
	var rows []byte
	var index array
	for _, n := range numbers {
		e := u.at[n]
		rows = append(rows, 1, byte(e.at>>24), byte(e.at>>16), byte(e.at>>8), byte(e.at), byte(e.generation>>8), byte(e.generation))
		index = append(index, n, 1)
	}
	maps.Copy(trailer, dict{"Type": name("XRef"), "W": array{1, 4, 2}, "Index": index, "Length": len(rows)})
	out = fmt.Appendf(out, "%d 0 obj\n", u.free-1)
	return slices.Concat(write(out, trailer), []byte("\nstream\n"), rows, []byte("\nendstream\nendobj\n"))
}
