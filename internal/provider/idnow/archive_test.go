package idnow

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

func ruleOf(err error) string {
	var bad *provider.BadArchive
	if errors.As(err, &bad) {
		return bad.Rule
	}
	return ""
}

// numbered are n names, each of so many letters at least.
func numbered(n, letters int) (names []string) {
	for i := range n {
		names = append(names, strconv.Itoa(i)+strings.Repeat("a", letters))
	}
	return names
}

// TestBadArchives: an archive that breaks a rule is refused as a whole, and the
// rule has a name.
func TestBadArchives(t *testing.T) {
	face := "TX-1_userface.jpg"
	claims := archiveWith(t, nil, zip.Store, face)
	at := bytes.LastIndex(claims, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(claims[at+24:], maxUnpacked+1)
	for name, c := range map[string]struct {
		whole []byte
		rule  string
	}{
		"up and away":              {archiveOf(t, "../../../etc/cron.d/"+face), pathInName},
		"up and away, of Windows":  {archiveOf(t, `..\..\`+face), pathInName},
		"absolute":                 {archiveOf(t, "/etc/"+face), pathInName},
		"a drive":                  {archiveOf(t, "C:"+face), pathInName},
		"a folder":                 {archiveWith(t, nil, zip.Store, face, "more/"), pathInName},
		"up":                       {archiveOf(t, face, ".."), pathInName},
		"beside what is right":     {archiveOf(t, face, "../x"), pathInName},
		"a zero byte":              {archiveOf(t, face+"\x00.exe"), badName},
		"no text":                  {archiveOf(t, "\xff\xfe.jpg"), badName},
		"no name":                  {archiveOf(t, ""), badName},
		"a long name":              {archiveOf(t, strings.Repeat("a", 300)), badName},
		"twice":                    {archiveOf(t, face, face), nameTwice},
		"twice, after all":         {archiveOf(t, face, "userface.jpg"), nameTwice},
		"another's picture":        {archiveOf(t, face, "TX-2_idfrontside.png"), otherTransaction},
		"a longer name than ours":  {archiveOf(t, "XTX-1_userface.jpg"), otherTransaction},
		"many files":               {archiveOf(t, numbered(maxFiles+1, 1)...), tooManyFiles},
		"a large directory":        {archiveOf(t, numbered(maxFiles, 2000)...), directoryTooLarge},
		"it says that it is large": {claims, unpacksTooLarge},
	} {
		if files, err := unpackBytes(c.whole); ruleOf(err) != c.rule || files != nil {
			t.Errorf("%s: %d files, %v; want %s", name, len(files), err, c.rule)
		}
	}
}

// TestLyingArchives: a file that holds more, less or other than it says breaks
// off when it is read, and the archive is to blame.
func TestLyingArchives(t *testing.T) {
	zeros := bytes.Repeat([]byte{0}, 1<<20)
	for name, change := range map[string]func(whole []byte, directory int){
		"a bomb that says it is small": func(whole []byte, d int) { binary.LittleEndian.PutUint32(whole[d+24:], 10) },
		"shorter than it says":         func(whole []byte, d int) { binary.LittleEndian.PutUint32(whole[d+24:], 2<<20) },
		"another checksum":             func(whole []byte, d int) { whole[d+16]++ },
		"an unknown method":            func(whole []byte, d int) { binary.LittleEndian.PutUint16(whole[d+10:], 97) },
		"broken bytes":                 func(whole []byte, _ int) { copy(whole[50:], "\xff\xff\xff\xff\xff\xff") },
	} {
		whole := archiveWith(t, zeros, zip.Deflate, "TX-1_userface.jpg")
		change(whole, bytes.LastIndex(whole, []byte("PK\x01\x02")))
		files, err := unpackBytes(whole)
		if err != nil || len(files) != 1 {
			t.Fatalf("%s: %v", name, err)
		}
		var n int64
		r, err := files[0].Open()
		if err == nil {
			n, err = io.Copy(io.Discard, r)
		}
		if ruleOf(err) != damaged || !kyc.IsKind(err, kyc.BadGateway) || n > int64(len(zeros)) {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
}
