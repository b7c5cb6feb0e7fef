package idnow

import (
	"bytes"
	"encoding/binary"
	"math"
)

// toneWAV is a second of a quiet tone: 11.025 kHz, 16 bit, mono, the form that the firm's documents give for audio.
func toneWAV() []byte {
	const rate, samples = 11025, 11025
	out := bytes.NewBuffer(make([]byte, 0, 44+2*samples))
	le := binary.LittleEndian
	number := func(size int, n uint32) { out.Write(le.AppendUint32(nil, n)[:size]) }
	out.WriteString("RIFF")
	number(4, 36+2*samples)
	out.WriteString("WAVEfmt ")
	number(4, 16)     // length of what follows
	number(2, 1)      // PCM
	number(2, 1)      // channels
	number(4, rate)   // samples a second
	number(4, 2*rate) // bytes a second
	number(2, 2)      // bytes a sample
	number(2, 16)     // bits a sample
	out.WriteString("data")
	number(4, 2*samples)
	for i := range samples {
		fade := min(1, float64(min(i, samples-1-i))/800)
		number(2, uint32(int32(1200*fade*math.Sin(2*math.Pi*440*float64(i)/rate))))
	}
	return out.Bytes()
}

// silentMP3 is a second of silence: MPEG-2 layer III, 22.05 kHz, 32 kbit/s, mono. A frame of nothing but its header is
// silent; 104 bytes of it last 576 samples.
func silentMP3() []byte {
	frame := make([]byte, 104)
	copy(frame, []byte{0xFF, 0xF3, 0x40, 0xC0})
	return bytes.Repeat(frame, 39)
}
