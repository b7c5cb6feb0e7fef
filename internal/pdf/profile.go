package pdf

import (
	"encoding/binary"
	"math"
	"slices"
)

// profileName is the colour space of screens.
const profileName = "sRGB IEC61966-2.1"

// profile describes sRGB as an ICC profile of version 2 (ICC.1:2001-04): three
// colours, adapted to the white D50, and one curve for all of them.
func profile() []byte {
	tags := []struct {
		names []string
		data  []byte
	}{
		{[]string{"desc"}, description(profileName)},
		{[]string{"cprt"}, append([]byte("text\x00\x00\x00\x00"), "No copyright, use freely\x00"...)},
		{[]string{"wtpt"}, colour(0.9642, 1, 0.8249)},
		{[]string{"rXYZ"}, colour(0.43607, 0.22249, 0.01392)},
		{[]string{"gXYZ"}, colour(0.38515, 0.71687, 0.09708)},
		{[]string{"bXYZ"}, colour(0.14307, 0.06061, 0.71410)},
		{[]string{"rTRC", "gTRC", "bTRC"}, curve()},
	}
	const entries = 9
	table := binary.BigEndian.AppendUint32(nil, entries)
	var data []byte
	for _, t := range tags {
		for _, n := range t.names {
			table = append(table, n...)
			table = binary.BigEndian.AppendUint32(table, uint32(128+4+12*entries+len(data)))
			table = binary.BigEndian.AppendUint32(table, uint32(len(t.data)))
		}
		data = append(data, t.data...)
		data = append(data, make([]byte, -len(data)&3)...)
	}
	head := make([]byte, 128)
	binary.BigEndian.PutUint32(head, uint32(len(head)+len(table)+len(data)))
	copy(head[8:], "\x02\x10\x00\x00mntrRGB XYZ ")
	copy(head[24:], "\x07\xd0\x00\x01\x00\x01") // 1 January 2000
	copy(head[36:], "acsp")
	copy(head[68:], colour(0.9642, 1, 0.8249)[8:]) // the white to which all is adapted
	return slices.Concat(head, table, data)
}

// description is a text as the profile's name has to be: in ASCII, with room for
// two forms that nobody uses.
func description(s string) []byte {
	b := append([]byte("desc"), 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)+1))
	return append(append(b, s...), make([]byte, 1+4+4+2+1+67)...)
}

func colour(x, y, z float64) []byte {
	b := append([]byte("XYZ "), 0, 0, 0, 0)
	for _, v := range []float64{x, y, z} {
		b = binary.BigEndian.AppendUint32(b, uint32(math.Round(v*65536)))
	}
	return b
}

// curve is how light a value is (IEC 61966-2-1).
func curve() []byte {
	const steps = 256
	b := append([]byte("curv"), 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, steps)
	for n := range steps {
		v := float64(n) / (steps - 1)
		light := v / 12.92
		if v > 0.04045 {
			light = math.Pow((v+0.055)/1.055, 2.4)
		}
		b = binary.BigEndian.AppendUint16(b, uint16(math.Round(light*65535)))
	}
	return b
}
