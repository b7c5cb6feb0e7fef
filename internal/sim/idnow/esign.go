package idnow

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/pades"
	"github.com/identikit/identikit/internal/sim/simkit"
)

// signCode is the code that every customer "receives" for the signature: another than the ident code.
const signCode = "654321"

// The states of a customer's document.
const (
	needUpload = "NEED_UPLOAD"
	uploaded   = "UPLOADED"
	signed     = "SIGNED"
)

// esigning is the result's section on the signature.
type esigning struct {
	Result    string `json:"result"`
	SessionID string `json:"sessionid"`
}

// content is the bytes of one customer's document, in a file of its own.
type content struct {
	Tx, Identifier string
	Data           []byte
}

func (c content) key() string { return c.Tx + "\n" + c.Identifier }

func (c content) fileName() string {
	return fmt.Sprintf("content-%x", sha256.Sum256([]byte(c.key())))
}

// keepContent keeps the bytes of a document. The caller holds the lock.
func (s *Server) keepContent(c content) error {
	if err := s.store.Save(c.fileName(), c); err != nil {
		return err
	}
	s.contents[c.key()] = c.Data
	return nil
}

// dropContents forgets the bytes of a session's documents. The caller holds the lock.
func (s *Server) dropContents(ses *session) error {
	for _, d := range ses.Documents {
		c := content{Tx: ses.Tx, Identifier: d.Definition.Identifier}
		if err := s.store.Delete(c.fileName()); err != nil {
			return err
		}
		delete(s.contents, c.key())
	}
	return nil
}

func (s *Server) loadContents() error {
	return s.store.Each("content-", func(data []byte) error {
		var c content
		if err := json.Unmarshal(data, &c); err != nil {
			return err
		}
		s.contents[c.key()] = c.Data
		return nil
	})
}

// takeDefaults gives a new session the account's default documents, to be signed. The caller holds the lock.
func (s *Server) takeDefaults(a *account, ses *session) error {
	for n := range ses.Documents {
		i := &ses.Documents[n]
		data, ok := a.Defaults[i.Definition.Identifier]
		if !ses.ESign || !ok {
			continue
		}
		if checkPDF(data, i.Signatures) != nil {
			i.Hash, i.DisplayHash, i.Status = nil, nil, needUpload // it could not be signed: another must come
			continue
		}
		if err := s.keepContent(content{ses.Tx, i.Definition.Identifier, data}); err != nil {
			return err
		}
	}
	return nil
}

// content is the bytes of a session's document, nil if none came.
func (s *Server) content(ses *session, identifier string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.contents[content{Tx: ses.Tx, Identifier: identifier}.key()]
}

// mayPlay refuses the test that an account's contract does not have: HOLDCERTIFICATE without electronic signing, FRAUDIDENT with it.
func (a *account) mayPlay(r robot) *apiError {
	switch {
	case r.Case == holdCertificate && !a.ESign:
		return preconditionFailed("The test robot 'HOLDCERTIFICATE' needs an identification with electronic signing")
	case r.Case == "FRAUDIDENT" && a.ESign:
		return preconditionFailed("The test robot 'FRAUDIDENT' does not exist with electronic signing")
	}
	return nil
}

// toSign lists the documents that the customer signs: those that came, in their order.
func (ses *session) toSign() []instance {
	if !ses.ESign {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(ses.Documents), func(i instance) bool { return i.Status == needUpload })
}

// signs says whether there is something that the customer signs.
func (ses *session) signs() bool { return len(ses.toSign()) > 0 }

// unready says that a document has not come without which the customer cannot begin.
func (ses *session) unready() bool {
	return ses.ESign && slices.ContainsFunc(ses.Documents, func(i instance) bool { return i.Status == needUpload && !i.Definition.Optional })
}

// mayAlter says whether documents may still come: until the customer begins. A robot begins by itself, so its documents
// may come until its call is over.
func (ses *session) mayAlter() bool {
	return ses.Attempt == 0 || ses.ESign && ses.robot().Auto && len(ses.Outcomes) == 0
}

// sign takes the customer's consent to the signature and its code.
func (f submit) sign() problems {
	if f.form.Get("consent") == "" {
		return problems{"consent": "error.tick"}
	}
	if strings.TrimSpace(f.form.Get("code")) == signCode {
		f.ses.SignedAt = f.now
		f.server.completeCall(f.ses, f.now)
		return nil
	}
	f.ses.Codes++
	if f.ses.Codes >= codeTries {
		f.server.abort(f.ses, "IDENT_CODE_REPEATEDLY_INCORRECT", f.now)
	}
	return nil
}

// completeCall ends a call in which all went well, as the customer's test wants it.
func (s *Server) completeCall(ses *session, now time.Time) {
	name := ses.robot().Case
	if name == "" {
		name = happyPath
	}
	s.complete(ses, name, now)
}

// certify makes a success that of a signing: its documents are signed from then on.
func (s *Server) certify(ses *session, r *result, at time.Time) {
	if r.Process.Result != success && r.Process.Result != dataChanged || len(ses.toSign()) == 0 {
		return
	}
	if ses.SignedAt.IsZero() { // a robot, or a tester who chose the result
		ses.SignedAt = at
	}
	for i := range ses.Documents {
		if ses.Documents[i].Status == uploaded {
			ses.Documents[i].Status = signed
		}
	}
	r.ESigning = &esigning{Result: success, SessionID: s.fate(ses.Tx, "signing session").Letters(24, "0123456789abcdef")}
}

// authorityNow is the authority of the simulator's own, made when it is needed first.
func (s *Server) authorityNow() (*pades.Authority, error) {
	s.signing.Lock()
	defer s.signing.Unlock()
	if s.authority != nil {
		return s.authority, nil
	}
	var kept *pades.Kept
	err := s.store.Each("authority", func(data []byte) error {
		kept = &pades.Kept{}
		return json.Unmarshal(data, kept)
	})
	if err != nil {
		return nil, err
	}
	if kept != nil {
		s.authority, err = kept.Open()
		return s.authority, err
	}
	a, err := pades.NewAuthority("identikit simulation CA", s.now())
	if err != nil {
		return nil, err
	}
	fresh, err := a.Keep()
	if err != nil {
		return nil, err
	}
	if err := s.store.Save("authority", fresh); err != nil {
		return nil, err
	}
	s.authority = a
	return a, nil
}

// signedPDF signs a customer's document. The same document gives the same bytes.
func (s *Server) signedPDF(ses *session, i instance) ([]byte, error) {
	authority, err := s.authorityNow()
	if err != nil {
		return nil, err
	}
	signer, err := authority.Signer(strings.TrimSpace(ses.known("firstname")+" "+ses.known("lastname")), ses.Tx, ses.SignedAt)
	if err != nil {
		return nil, err
	}
	fields, err := placesOf(i.Signatures)
	if err != nil {
		return nil, err
	}
	return pades.Sign(s.content(ses, i.Definition.Identifier), fields, signer)
}

// signedFiles are the signed documents as files of the evidence.
func (s *Server) signedFiles(ses *session) (files []evidenceEntry, err error) {
	for _, i := range ses.Documents {
		if i.Status != signed {
			continue
		}
		data, err := s.signedPDF(ses, i)
		if err != nil {
			return nil, err
		}
		files = append(files, evidenceEntry{i.Definition.Identifier + "_signed.pdf", data})
	}
	return files, nil
}

// getSigned is endpoint 23.
func (s *Server) getSigned(w http.ResponseWriter, r *http.Request) *apiError {
	ses := s.sessionIn(r, r.PathValue("tx"))
	if ses == nil || !ses.ESign {
		return preconditionFailed("The document is not signed")
	}
	at := instanceAt(ses, r)
	switch {
	case at < 0:
		return noDocument
	case ses.Documents[at].Status != signed:
		return preconditionFailed("The document is not signed")
	}
	data, err := s.signedPDF(ses, ses.Documents[at])
	if err != nil {
		return s.failed(r, err)
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Write(data)
	return nil
}

// placesOf reads where the signatures of a document come, in the order of their names.
func placesOf(raw json.RawMessage) ([]pades.Field, error) {
	var named map[string]struct {
		Position struct {
			Acrofield                   string
			Page                        int
			Left, Bottom, Width, Height float64
		}
	}
	if len(raw) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return nil, fmt.Errorf("signatures: %w", err)
	}
	var fields []pades.Field
	for name, one := range named {
		p := one.Position
		fields = append(fields, pades.Field{
			Name: name, Acrofield: p.Acrofield, Page: p.Page, Left: p.Left, Bottom: p.Bottom, Width: p.Width, Height: p.Height,
		})
	}
	slices.SortFunc(fields, func(a, b pades.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields, nil
}

// checkPDF says why a document cannot be signed. The firm's documents are silent on when it looks; here it is at the upload.
func checkPDF(data []byte, signatures json.RawMessage) *apiError {
	fields, err := placesOf(signatures)
	if err == nil {
		err = pades.Check(data, fields)
	}
	if err != nil {
		return badValue("data", "The document cannot be signed: "+strings.TrimPrefix(err.Error(), "pades: "))
	}
	return nil
}

// steerAuthority answers with the authority's certificate, for those who want to trust what it signs.
func (s *Server) steerAuthority(w http.ResponseWriter, r *http.Request) {
	a, err := s.authorityNow()
	if err != nil {
		s.cfg.Logger.ErrorContext(r.Context(), "simulator failed", "error", err)
		simkit.WriteJSON(w, http.StatusInternalServerError, map[string]string{"error": "the authority cannot be read"})
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Write(a.PEM())
}
