package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/identikit/identikit/client"
)

// once can be read and not rewound, as a body that comes from elsewhere.
type once struct{ io.Reader }

// uploads is a server that answers uploads as it is told, before or after it
// has read them. It keeps what it read.
type uploads struct {
	answers []int // negative: before it reads
	keys    map[string]bool
	files   []string
}

// ServeHTTP gives out tokens too.
func (u *uploads) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/oauth2/token" {
		reply(w, 200, `{"access_token":"t","expires_in":3599}`)
		return
	}
	u.keys[r.Header.Get("Idempotency-Key")] = true
	status := u.answers[0]
	u.answers = u.answers[1:]
	if status > 0 {
		file, header, err := r.FormFile("file")
		if err != nil {
			reply(w, 500, err.Error())
			return
		}
		content, err := io.ReadAll(file)
		if err != nil {
			reply(w, 500, err.Error())
			return
		}
		u.files = append(u.files, r.FormValue("document_type")+" "+header.Filename+" "+string(content))
	}
	reply(w, max(status, -status), `{"id":"d1","name":"bill.pdf"}`)
}

func TestUpload(t *testing.T) {
	t.Parallel()
	const sent = `PROOF_OF_ADDRESS Rechnung "März".pdf %PDF-1.7`
	seekable := func() io.Reader {
		r := strings.NewReader("junk%PDF-1.7")
		if _, err := r.Seek(4, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		return r
	}
	stream := func() io.Reader { return once{strings.NewReader("%PDF-1.7")} }
	for name, c := range map[string]struct {
		content  func() io.Reader
		answers  []int
		status   int // of the error; 0: it succeeds
		received int
	}{
		"a file":                               {seekable, []int{201}, 0, 1},
		"a stream":                             {stream, []int{201}, 0, 1},
		"a file, again":                        {seekable, []int{503, 502, 201}, 0, 3},
		"a file, with a new token":             {seekable, []int{401, 201}, 0, 2},
		"a stream that was read":               {stream, []int{503}, 503, 1},
		"a stream that was read, no token":     {stream, []int{401}, 401, 1},
		"a stream that nobody has read":        {stream, []int{-503, 201}, 0, 1},
		"a stream, with a new token":           {stream, []int{-401, 201}, 0, 1},
		"refused":                              {seekable, []int{400}, 400, 1},
		"refused before it was sent, a file":   {seekable, []int{-413}, 413, 0},
		"refused before it was sent, a stream": {stream, []int{-413}, 413, 0},
	} {
		u := &uploads{answers: c.answers, keys: map[string]bool{}}
		srv := httptest.NewServer(u)
		cl, err := client.New(client.Config{BaseURL: srv.URL, ClientID: "bank", ClientSecret: "s"})
		if err != nil {
			t.Fatal(err)
		}
		cl.Hurry()
		d, err := cl.UploadDocument(background, "p", client.DocumentProofOfAddress, `Rechnung "März".pdf`, c.content())
		srv.Close()
		if c.status == 0 && (err != nil || d.ID != "d1") {
			t.Errorf("%s: %v", name, err)
		} else if c.status != 0 && asError(t, err).Status != c.status {
			t.Errorf("%s: %v", name, err)
		}
		if len(u.files) != c.received || len(u.answers) != 0 || len(u.keys) != 1 || u.keys[""] {
			t.Errorf("%s: received %q, %d answers left, keys %v", name, u.files, len(u.answers), u.keys)
		}
		for _, got := range u.files {
			if got != sent {
				t.Errorf("%s: received %q, want %q", name, got, sent)
			}
		}
	}
}

// TestUploadLarge: a refusal is heard though most of the file was not sent.
func TestUploadLarge(t *testing.T) {
	t.Parallel()
	u := &uploads{answers: []int{-413}, keys: map[string]bool{}}
	srv := httptest.NewServer(u)
	defer srv.Close()
	cl, err := client.New(client.Config{BaseURL: srv.URL, ClientID: "bank", ClientSecret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	large := bytes.NewReader(make([]byte, 64<<20))
	if _, err := cl.UploadIdentificationDocument(background, "p", "i", client.DocumentVideo, "x.mp4", large); asError(t, err).Status != 413 {
		t.Error(err)
	}
	if large.Len() != 64<<20 {
		t.Errorf("%d bytes were read", 64<<20-large.Len())
	}
}

// TestUploadBreaksOff: a file that cannot be read is no shorter file.
func TestUploadBreaksOff(t *testing.T) {
	t.Parallel()
	u := &uploads{answers: []int{201}, keys: map[string]bool{}}
	srv := httptest.NewServer(u)
	defer srv.Close()
	cl, err := client.New(client.Config{BaseURL: srv.URL, ClientID: "bank", ClientSecret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the disk is gone")
	content := io.MultiReader(strings.NewReader("%PDF-"), readerFunc(func([]byte) (int, error) { return 0, broken }))
	if _, err := cl.UploadDocument(background, "p", client.DocumentOther, "x.pdf", content); !errors.Is(err, broken) || len(u.files) != 0 {
		t.Errorf("%v, received %q", err, u.files)
	}
}

// TestUploadGivenUp: who gives up does not wait for a reader that hangs.
func TestUploadGivenUp(t *testing.T) {
	t.Parallel()
	u := &uploads{answers: []int{201}, keys: map[string]bool{}}
	srv := httptest.NewServer(u)
	cl, err := client.New(client.Config{BaseURL: srv.URL, ClientID: "bank", ClientSecret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	hang := make(chan struct{})
	ctx, cancel := context.WithCancel(background)
	content := readerFunc(func([]byte) (int, error) { cancel(); <-hang; return 0, io.EOF })
	if _, err := cl.UploadDocument(ctx, "p", client.DocumentOther, "x.pdf", content); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(hang)
	srv.Close()
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
