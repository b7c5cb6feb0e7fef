package pdf

import (
	"bytes"
	"errors"
	"maps"
)

// Limits of the shape of a file.
const (
	maxFile     = 128 << 20 // bytes
	maxSections = 500       // of the cross-reference table: one for each revision
	maxObjects  = 1 << 18   // numbers
	maxPages    = 20_000    // nodes of the page tree
	maxFields   = 20_000    // nodes of the form
)

// entry says where an object is: at a place of the file, or in a stream of objects.
type entry struct {
	at, generation int
	within         int // number of the stream of objects; 0: none
	nth            int
	free           bool // it was taken out
}

// file is a PDF file as far as signing it needs.
type file struct {
	b       []byte
	start   int  // of the last section of the cross-reference table
	streams bool // that section is a stream
	trailer dict
	entries map[int]entry
	packed  map[int]*objects
	left    *budget
}

// objects are those of one stream.
type objects struct {
	b  []byte
	at []int // where each begins
}

// parse reads the cross-reference table of a file, all its revisions.
func parse(b []byte) (*file, error) {
	if !bytes.HasPrefix(b, []byte("%PDF-")) {
		return nil, errors.New("pdf: this is no PDF")
	}
	last := bytes.LastIndex(b, []byte("startxref"))
	if last < 0 || len(b) > maxFile {
		return nil, errSyntax
	}
	f := &file{b: b, entries: map[int]entry{}, packed: map[int]*objects{}, left: &budget{maxValues, maxInflated}}
	at, err := f.read(last + len("startxref")).integer()
	if err != nil {
		return nil, err
	}
	f.start = at
	seen := map[int]bool{}
	for more := true; more; {
		if seen[at] || len(seen) == maxSections {
			return nil, errSyntax
		}
		seen[at] = true
		trailer, free, err := f.section(at)
		if err != nil {
			return nil, err
		}
		if f.trailer == nil {
			f.trailer = trailer
		}
		if hybrid, ok := whole(trailer["XRefStm"]); ok && !seen[hybrid] { // it comes between this section and the one before
			seen[hybrid] = true
			if _, _, err := f.section(hybrid); err != nil {
				return nil, err
			}
		}
		for _, n := range free {
			f.add(n, entry{free: true})
		}
		at, more = whole(trailer["Prev"])
	}
	if _, locked := f.trailer["Encrypt"]; locked {
		return nil, errors.New("pdf: the file is encrypted, so it cannot be signed")
	}
	return f, nil
}

func (f *file) read(at int) *reader { return &reader{f.b, min(at, len(f.b)), true, f.left} }

// section reads one section of the cross-reference table. It gives its trailer,
// and the numbers that it says are free.
func (f *file) section(at int) (dict, []int, error) {
	r := f.read(at)
	if !r.skip("xref") {
		return f.streamSection(at)
	}
	var free []int
	for !r.skip("trailer") {
		first, err := r.integer()
		if err != nil {
			return nil, nil, err
		}
		count, err := r.integer()
		if err != nil || !f.allows(first, count) {
			return nil, nil, errSyntax
		}
		for n := first; n < first+count; n++ {
			offset, err := r.integer()
			if err != nil {
				return nil, nil, err
			}
			generation, err := r.integer()
			if err != nil {
				return nil, nil, err
			}
			if r.word() == "n" {
				f.add(n, entry{at: offset, generation: generation})
			} else {
				free = append(free, n)
			}
		}
	}
	v, err := r.value(0)
	d, ok := v.(dict)
	if err != nil || !ok {
		return nil, nil, errSyntax
	}
	return d, free, nil
}

// allows says whether so many rows of the table may be read.
func (f *file) allows(first, count int) bool {
	if first > maxObjects || count > maxObjects-first {
		return false
	}
	f.left.values -= count
	return f.left.values >= 0
}

// add notes where an object is, unless a later section said so already.
func (f *file) add(n int, e entry) {
	if _, known := f.entries[n]; !known {
		f.entries[n] = e
	}
}

// streamSection reads a section that is a stream (PDF 1.5).
func (f *file) streamSection(at int) (dict, []int, error) {
	v, err := f.objectAt(at, -1)
	s, ok := v.(stream)
	if err != nil || !ok || s.dict["Type"] != name("XRef") {
		return nil, nil, errSyntax
	}
	if f.trailer == nil {
		f.streams = true
	}
	b, err := f.inflate(s)
	if err != nil {
		return nil, nil, err
	}
	widths, _ := s.dict["W"].(array)
	if len(widths) != 3 {
		return nil, nil, errSyntax
	}
	var w [3]int
	for n := range w {
		if w[n], ok = whole(widths[n]); !ok || w[n] > 7 {
			return nil, nil, errSyntax
		}
	}
	index, _ := s.dict["Index"].(array)
	if index == nil {
		index = array{number("0"), s.dict["Size"]}
	}
	var free []int
	for n := 0; n+1 < len(index); n += 2 {
		first, ok1 := whole(index[n])
		count, ok2 := whole(index[n+1])
		if !ok1 || !ok2 || !f.allows(first, count) {
			return nil, nil, errSyntax
		}
		rows, err := f.rows(b, w, first, count)
		if err != nil {
			return nil, nil, err
		}
		free = append(free, rows...)
		b = b[(w[0]+w[1]+w[2])*count:]
	}
	return s.dict, free, nil
}

// rows reads rows of the table; the widths of their three columns are w. It gives
// the numbers that are free.
func (f *file) rows(b []byte, w [3]int, first, count int) ([]int, error) {
	length := w[0] + w[1] + w[2]
	if length == 0 || len(b) < length*count {
		return nil, errSyntax
	}
	var free []int
	for n := first; n < first+count; n++ {
		kind := 1
		if w[0] > 0 {
			kind = bigEndian(b[:w[0]])
		}
		one, two := bigEndian(b[w[0]:w[0]+w[1]]), bigEndian(b[w[0]+w[1]:length])
		b = b[length:]
		switch kind {
		case 0:
			free = append(free, n)
		case 1:
			f.add(n, entry{at: one, generation: two})
		case 2:
			f.add(n, entry{within: one, nth: two})
		}
	}
	return free, nil
}

func bigEndian(b []byte) (n int) {
	for _, c := range b {
		n = n<<8 | int(c)
	}
	return n
}

// objectAt reads the object whose number stands at a place of the file; want is
// that number, or -1.
func (f *file) objectAt(at, want int) (any, error) {
	r := f.read(at)
	n, err := r.integer()
	if err != nil || want >= 0 && n != want {
		return nil, errSyntax
	}
	if _, err := r.integer(); err != nil || !r.skip("obj") {
		return nil, errSyntax
	}
	v, err := r.value(0)
	d, isDict := v.(dict)
	if err != nil || !isDict || !r.skip("stream") {
		return v, err
	}
	switch rest := f.b[r.at:]; {
	case bytes.HasPrefix(rest, []byte("\r\n")):
		r.at += 2
	case bytes.HasPrefix(rest, []byte("\n")):
		r.at++
	}
	return stream{d, r.at}, nil
}

// get follows references until a value comes.
func (f *file) get(v any) (any, error) {
	for range maxDepth {
		to, ok := v.(ref)
		if !ok {
			return v, nil
		}
		var err error
		if v, err = f.object(to.number); err != nil {
			return nil, err
		}
	}
	return nil, errSyntax
}

// getDict follows references to a dictionary; nil stands for none.
func (f *file) getDict(v any) (dict, error) {
	v, err := f.get(v)
	if v == nil || err != nil {
		return nil, err
	}
	d, ok := v.(dict)
	if !ok {
		return nil, errSyntax
	}
	return d, nil
}

// getArray follows references to an array; nil stands for none.
func (f *file) getArray(v any) (array, error) {
	v, err := f.get(v)
	if v == nil || err != nil {
		return nil, err
	}
	a, ok := v.(array)
	if !ok {
		return nil, errSyntax
	}
	return a, nil
}

// object reads an object by its number; one that is not there is null.
func (f *file) object(n int) (any, error) {
	e, ok := f.entries[n]
	switch {
	case !ok || e.free:
		return nil, nil
	case e.within == 0:
		return f.objectAt(e.at, n)
	}
	all, err := f.unpack(e.within)
	if err != nil {
		return nil, err
	}
	if e.nth >= len(all.at) {
		return nil, errSyntax
	}
	return (&reader{all.b, all.at[e.nth], false, f.left}).value(0)
}

// unpack reads a stream of objects, once.
func (f *file) unpack(n int) (*objects, error) {
	if all, done := f.packed[n]; done {
		return all, nil
	}
	holder, ok := f.entries[n]
	if !ok || holder.free || holder.within != 0 {
		return nil, errSyntax
	}
	v, err := f.objectAt(holder.at, n)
	s, ok := v.(stream)
	if err != nil || !ok {
		return nil, errSyntax
	}
	b, err := f.inflate(s)
	if err != nil {
		return nil, err
	}
	count, ok1 := whole(s.dict["N"])
	first, ok2 := whole(s.dict["First"])
	if !ok1 || !ok2 || count > maxObjects || first > len(b) {
		return nil, errSyntax
	}
	all := &objects{b: b}
	for head := (&reader{b[:first], 0, false, f.left}); count > 0; count-- {
		if _, err := head.integer(); err != nil {
			return nil, err
		}
		at, err := head.integer()
		if err != nil || at > len(b)-first {
			return nil, errSyntax
		}
		all.at = append(all.at, first+at)
	}
	f.packed[n] = all
	return all, nil
}

// next is the first number that no object has.
func (f *file) next() (int, error) {
	size, _ := whole(f.trailer["Size"])
	for n := range maps.Keys(f.entries) {
		size = max(size, n+1)
	}
	if size == 0 || size > 1<<23 { // ISO 32000-1, annex C
		return 0, errSyntax
	}
	return size, nil
}
