package fourthline

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// tokenPath is where companies log in.
const tokenPath = "/v1/oauth2/token"

// API is the firm's API for companies.
func (s *Server) API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+tokenPath, s.token)
	mux.HandleFunc("POST /v1/verifications", s.authorized(s.upload))
	mux.HandleFunc("GET /v1/verifications", s.authorized(s.list))
	mux.HandleFunc("GET /v1/verifications/{id}", s.authorized(s.show))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusNotFound, "not_found", "There is nothing here.")
	})
	return s.misbehaving(mux)
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	simkit.WriteJSON(w, status, map[string]string{"code": code, "message": message})
}

// tokenLifetime is how long a bearer token is good for, on the clock.
const tokenLifetime = time.Hour

// token is RFC 6749, §4.4.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "client_credentials" {
		simkit.WriteJSON(w, http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type", "error_description": "grant_type must be client_credentials"})
		return
	}
	client, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		var bad [2]error
		client, bad[0] = url.QueryUnescape(user)
		secret, bad[1] = url.QueryUnescape(password)
		if errors.Join(bad[:]...) != nil {
			client = ""
		}
	}
	if !equal(client, s.cfg.ClientID) || !equal(secret, s.cfg.ClientSecret) {
		simkit.WriteJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client", "error_description": "client id or secret is wrong"})
		return
	}
	until := strconv.FormatInt(s.now().Add(tokenLifetime).Unix(), 10)
	simkit.WriteJSON(w, http.StatusOK, map[string]any{
		"access_token": until + "." + s.sign(until), "token_type": "Bearer", "expires_in": int(tokenLifetime / time.Second),
	})
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// sign makes the second half of a token, so that none has to be kept.
func (s *Server) sign(until string) string {
	mac := hmac.New(sha256.New, []byte(s.cfg.ClientSecret))
	mac.Write([]byte("bearer token until " + until))
	return fmt.Sprintf("%x", mac.Sum(nil))
}

// authorized lets only calls with a token that is still good come to a handler.
func (s *Server) authorized(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		until, signature, _ := strings.Cut(token, ".")
		seconds, err := strconv.ParseInt(until, 10, 64)
		if !ok || err != nil || !equal(signature, s.sign(until)) || !s.now().Before(time.Unix(seconds, 0)) {
			writeError(w, http.StatusUnauthorized, "unauthorized", "The bearer token is missing, wrong or too old.")
			return
		}
		next(w, r)
	}
}

// verificationView is a verification as companies see it.
type verificationView struct {
	ID        string    `json:"verificationId"`
	Reference string    `json:"clientReference"`
	Status    string    `json:"status"`
	Code      *int      `json:"statusCode"`
	RiskLevel *int      `json:"riskLevel"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

func viewOf(v *verification) verificationView {
	view := verificationView{ID: v.ID, Reference: v.Reference, Status: v.Status, CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt}
	if v.Code != 0 {
		code := v.Code
		view.Code = &code
	}
	if v.Status == statusCompleted {
		risk := 200 // low
		if v.Code >= 4000 {
			risk = 500 // unacceptable
		}
		view.RiskLevel = &risk
	}
	return view
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	views := []verificationView{}
	if v := s.find(r.URL.Query().Get("clientReference")); v != nil {
		views = append(views, viewOf(v))
	}
	simkit.WriteJSON(w, http.StatusOK, map[string]any{"verifications": views})
}

func (s *Server) show(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	v := s.byID[r.PathValue("id")]
	s.mu.Unlock()
	if v == nil {
		writeError(w, http.StatusNotFound, "not_found", "There is no such verification.")
		return
	}
	simkit.WriteJSON(w, http.StatusOK, viewOf(v))
}

// maxReference is how long a client reference may be, in bytes.
const maxReference = 200

// upload takes an archive in.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	reference := r.URL.Query().Get("clientReference")
	switch {
	case reference == "" || len(reference) > maxReference:
		writeError(w, http.StatusBadRequest, "invalid_reference", "clientReference must have 1 to 200 characters.")
		return
	case r.Header.Get("Content-Type") != "application/zip":
		writeError(w, http.StatusUnsupportedMediaType, "unsupported_media_type", "The archive must come as application/zip.")
		return
	}
	if v := s.find(reference); v != nil { // before its archive is read
		alreadyThere(w, v)
		return
	}
	select {
	case s.examining <- struct{}{}: // few at a time: each takes much room
		defer func() { <-s.examining }()
	case <-r.Context().Done():
		return
	}
	e, long, err := s.takeIn(http.MaxBytesReader(w, r.Body, maxArchive))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		writeError(w, http.StatusRequestEntityTooLarge, "too_large", "The archive is larger than 128 MiB.")
		return
	case err != nil:
		s.cfg.Logger.WarnContext(r.Context(), "simulator could not take an archive in", "error", err)
		writeError(w, http.StatusInternalServerError, "internal_error", "The archive could not be taken in.")
		return
	}
	check := s.cfg.Check
	if long {
		check = longCheck
	}
	v, isNew, err := s.open(reference, e, check)
	switch {
	case err != nil:
		s.cfg.Logger.ErrorContext(r.Context(), "simulator could not save a verification", "error", err)
		writeError(w, http.StatusInternalServerError, "internal_error", "The archive could not be taken in.")
	case !isNew:
		alreadyThere(w, v)
	default:
		simkit.WriteJSON(w, http.StatusCreated, viewOf(v))
	}
}

func alreadyThere(w http.ResponseWriter, v *verification) {
	writeError(w, http.StatusConflict, "already_exists", "There is a verification with this clientReference: "+v.ID+".")
}

// takeIn puts an archive into a file that is gone when it returns, and looks at it.
func (s *Server) takeIn(archive io.Reader) (e ending, long bool, err error) {
	f, err := os.CreateTemp(s.cfg.Dir, "archive-*.tmp") // one that a kill leaves is swept up by simkit.OpenStore
	if err != nil {
		return e, false, fmt.Errorf("take in an archive: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	size, err := io.Copy(f, archive)
	if err != nil {
		return e, false, fmt.Errorf("take in an archive: %w", err)
	}
	e, long = examine(f, size, s.now())
	return e, long, nil
}
