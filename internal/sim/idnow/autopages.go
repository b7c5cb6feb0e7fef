package idnow

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/sim/picture"
	"github.com/identikit/identikit/internal/sim/simkit"
)

// maxPicture is the most that a form with a picture may have, in bytes.
const maxPicture = 16 << 20

// parseForm reads a posted form; one with a picture may be longer.
func parseForm(w http.ResponseWriter, r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		r.Body = http.MaxBytesReader(w, r.Body, maxPicture)
		return r.ParseMultipartForm(maxPicture) // all of it in memory: no file of a customer's is left behind
	}
	r.Body = http.MaxBytesReader(w, r.Body, simkit.MaxBody)
	return r.ParseForm()
}

// readPicture looks at the picture that came with a form, nil if none did or none is expected. It takes a while, so it
// happens before the session is changed, and to a few at a time.
func (s *Server) readPicture(r *http.Request, ses *session) (*picture.Picture, error) {
	if r.MultipartForm == nil || ses.Kind != AutoIdent || scanSteps[ses.Step] == "" || r.PostForm.Get("action") != "send" {
		return nil, nil
	}
	file, _, err := r.FormFile("picture")
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	if len(data) == 0 { // what browsers send of a field without a file
		return nil, nil
	}
	select {
	case s.examining <- struct{}{}:
		defer func() { <-s.examining }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	sharp := picture.Document
	if ses.Step == stepSelfie {
		sharp = picture.Face
	}
	seen := picture.Examine(data, sharp)
	return &seen, nil
}

// sentPicture shows a picture that the customer sent in this attempt.
func (s *Server) sentPicture(w http.ResponseWriter, r *http.Request) {
	ses := s.session(r.PathValue("tx"))
	if !s.owns(s.accountIn(r), ses) || ses.Tx != r.PathValue("tx") || len(ses.Shots[r.PathValue("step")].JPEG) == 0 {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(ses.Shots[r.PathValue("step")].JPEG)
}

// auto says whether the page belongs to an automatic identification.
func (p page) auto() bool { return p.ses != nil && p.ses.Kind == AutoIdent }

// Fault is why the picture that the customer sent at this step cannot be used, "" if it can or there is none.
func (p page) Fault() string { return p.ses.Shots[p.Name].Reason }

// Camera is which of a phone's cameras takes the picture.
func (p page) Camera() string {
	if p.Name == string(stepSelfie) {
		return "user"
	}
	return "environment"
}

// Sent lists the steps of which there is a picture.
func (p page) Sent() []string {
	var sent []string
	for _, s := range autoSteps {
		if len(p.ses.Shots[string(s)].JPEG) > 0 {
			sent = append(sent, string(s))
		}
	}
	return sent
}

// Picture is where a picture that was sent is shown. The number keeps a browser from showing the one before it.
func (p page) Picture(step string) string {
	path, _, _ := strings.Cut(p.Self, "?")
	return fmt.Sprintf("%s/pictures/%s?%d", strings.TrimSuffix(path, "/identification/start"), step, p.ses.Taken)
}

// Illustration is the drawing of a step.
func (p page) Illustration() string {
	return map[string]string{string(stepScanFront): "front", string(stepScanBack): "back", string(stepSelfie): "portrait"}[p.Name]
}

// reasonGroup is reasons that explain the same result.
type reasonGroup struct {
	Result  string
	Reasons []string
}

// ReasonGroups lists the reasons that a tester may choose.
func (p page) ReasonGroups() []reasonGroup {
	var all []reasonGroup
	for _, result := range []string{canceled, aborted, fraudConfirmed} {
		sorted := slices.Clone(autoReasons[result])
		slices.Sort(sorted)
		all = append(all, reasonGroup{result, sorted})
	}
	return all
}
