package idnow

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// The kinds of document that a customer may show, as the protocol names them.
const (
	idCard          = "IDCARD"
	passport        = "PASSPORT"
	residencePermit = "RESIDENCE_TITLE"
)

// identDocument makes up the document of a customer. It stays the same over all results of a session.
func (s *Server) identDocument(ses *session) *identDocument {
	kind, issuer := ses.Document.Type, ses.Document.Country
	if kind == "" {
		kind, issuer = idCard, "DE"
	}
	age := s.fate(ses.Tx, "document age").Upto(1400) + 100
	issued := ses.CreatedAt.AddDate(0, 0, -age)
	until := cmp.Or(ses.Typed["validuntil"], issued.AddDate(10, 0, -1).Format(time.DateOnly))
	told := func(v string) *cell { return &cell{Value: v, Status: "NEW"} }
	return &identDocument{
		Type: told(kind), Country: told(issuer),
		// Germany's numbers have a letter first and no vowels
		Number:     told("L" + s.fate(ses.Tx, "document number").Letters(8, "0123456789CFGHJKLMNPRTVWXYZ")),
		IssuedBy:   told("SPECIMEN AUTHORITY"),
		DateIssued: told(issued.Format(time.DateOnly)),
		ValidUntil: told(until),
	}
}

// attachments names the files of the evidence, for the result. Automatic identification has no audio, and a passport there
// no back.
func attachments(tx string, k Kind, d document) map[string]string {
	all := map[string]string{
		"pdf": tx + ".pdf", "xml": tx + ".xml", "audiolog": tx + ".wav",
		"idfrontside": tx + "_idfrontside.jpg", "idbackside": tx + "_idbackside.jpg", "userface": tx + "_userface.jpg",
	}
	if k == AutoIdent {
		delete(all, "audiolog")
		all[liveness] = tx + "_" + liveness + ".jpg"
		if d.Type == passport {
			delete(all, "idbackside")
		}
	}
	return all
}

// liveness is the picture that was taken while the customer was seen to be alive. Only automatic identification has one.
const liveness = "livenessscreenshot1"

// pictures are those that the customer sent, by the file of the evidence that they become.
func (ses *session) pictures() map[string][]byte {
	sent := map[string][]byte{}
	for s, file := range scanSteps {
		if data := ses.Shots[string(s)].JPEG; len(data) > 0 {
			sent[file] = data
		}
	}
	if face := sent["userface"]; len(face) > 0 {
		sent[liveness] = face
	}
	return sent
}

// evidenceFile gives the file of a session's present result that has this extension.
func (s *Server) evidenceFile(ses *session, extension string) ([]byte, error) {
	switch extension {
	case "mp3":
		return silentMP3(), nil
	case "wav":
		return toneWAV(), nil
	case "pdf":
		files, err := s.filesOf(ses.present().Report, ses.pictures())
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(files, func(f evidenceEntry) bool { return f.name == ses.Tx+".pdf" })
		return files[i].data, nil
	}
	report := ses.present().Report
	key, err := json.Marshal(report)
	if err != nil {
		return nil, fmt.Errorf("find evidence: %w", err)
	}
	return s.evidence.get(sha256.Sum256(key), func() ([]byte, error) {
		files, err := s.filesOf(report, ses.pictures())
		if err != nil {
			return nil, err
		}
		contracts, err := s.signedFiles(ses)
		if err != nil {
			return nil, err
		}
		return packEvidence(report, append(files, contracts...))
	})
}

// filesOf makes the files of a result, or takes those of the first one under this one's names.
func (s *Server) filesOf(r result, sent map[string][]byte) ([]evidenceEntry, error) {
	if !s.cfg.SameEvidence {
		return evidenceOf(r, sent)
	}
	s.same.once.Do(func() {
		s.same.tx = r.Process.Tx
		s.same.files, s.same.err = evidenceOf(r, nil)
	})
	files := slices.Clone(s.same.files)
	for i, f := range files {
		files[i].name = r.Process.Tx + strings.TrimPrefix(f.name, s.same.tx)
	}
	return files, s.same.err
}

// sameEvidence is what everybody gets under Config.SameEvidence.
type sameEvidence struct {
	once  sync.Once
	tx    string // whose files they were
	files []evidenceEntry
	err   error
}

// evidenceCache keeps the ZIPs that were asked for last. They are pure functions of their results, so any may be dropped.
type evidenceCache struct {
	mu   sync.Mutex
	zips []cachedZIP
}

type cachedZIP struct {
	key  [sha256.Size]byte // of the result
	data []byte
}

// evidenceKept is how many ZIPs are kept, of some 200 kB each.
const evidenceKept = 8

func (c *evidenceCache) get(key [sha256.Size]byte, build func() ([]byte, error)) ([]byte, error) {
	c.mu.Lock()
	i := slices.IndexFunc(c.zips, func(z cachedZIP) bool { return z.key == key })
	if i >= 0 {
		defer c.mu.Unlock()
		return c.zips[i].data, nil
	}
	c.mu.Unlock() // two callers at once may build the same: it is the same
	data, err := build()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.zips) >= evidenceKept {
		c.zips = slices.Delete(c.zips, 0, 1)
	}
	c.zips = append(c.zips, cachedZIP{key, data})
	return data, nil
}

// evidenceEntry is a file in the ZIP.
type evidenceEntry struct {
	name string
	data []byte
}

// evidenceZIP makes and packs the evidence. The same result gives the same bytes.
func evidenceZIP(r result) ([]byte, error) {
	files, err := evidenceOf(r, nil)
	if err != nil {
		return nil, err
	}
	return packEvidence(r, files)
}

func packEvidence(r result, files []evidenceEntry) ([]byte, error) {
	made, err := time.Parse(time.RFC3339, r.Process.Time)
	if err != nil {
		return nil, fmt.Errorf("pack evidence: %w", err)
	}
	var out bytes.Buffer
	packed := zip.NewWriter(&out)
	for _, f := range files {
		// Stored, not deflated: pictures and PDF are deflated already.
		w, err := packed.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store, Modified: made})
		if err != nil {
			return nil, fmt.Errorf("pack evidence: %w", err)
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, fmt.Errorf("pack evidence: %w", err)
		}
	}
	if err := packed.Close(); err != nil {
		return nil, fmt.Errorf("pack evidence: %w", err)
	}
	return out.Bytes(), nil
}

var faceJPEG = sync.OnceValues(func() ([]byte, error) { return encodeJPEG(face()) })

// evidenceOf makes all files of a result that has a document. Pictures that the customer sent are in it as they are, others
// are drawn.
func evidenceOf(r result, sent map[string][]byte) ([]evidenceEntry, error) {
	c := cardOf(r)
	front, errFront := encodeJPEG(c.front())
	back, errBack := encodeJPEG(c.back())
	portrait, errFace := faceJPEG()
	if err := errors.Join(errFront, errBack, errFace); err != nil {
		return nil, err
	}
	pictures := map[string][]byte{"idfrontside": front, "idbackside": back, "userface": portrait, liveness: portrait}
	maps.Copy(pictures, sent)
	asJSON, errJSON := json.MarshalIndent(r, "", "  ")
	asXML, errXML := resultXML(r)
	asPDF, errPDF := reportPDF(r, pictures["idfrontside"], pictures["userface"])
	if err := errors.Join(errJSON, errXML, errPDF); err != nil {
		return nil, err
	}
	tx := r.Process.Tx
	files := []evidenceEntry{{tx + ".json", asJSON}, {tx + ".xml", asXML}, {tx + ".pdf", asPDF}}
	for _, name := range []string{"idfrontside", "idbackside", "userface", liveness} {
		if file := r.Attachments[name]; file != "" {
			files = append(files, evidenceEntry{file, pictures[name]})
		}
	}
	if file := r.Attachments["audiolog"]; file != "" {
		files = append(files, evidenceEntry{file, toneWAV()})
	}
	return files, nil
}
