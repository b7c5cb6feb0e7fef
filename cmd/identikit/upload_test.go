package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/testkit"
)

// mostGrowth is what an upload of 100 MB may cost in memory.
const mostGrowth = 64 << 20

// secretText is what every piece of the uploaded files says; no disk may.
const secretText = "the bearer of this passport is Anna Muster. "

// passport is a file of the size, which nobody holds in memory.
func passport(size int64) io.Reader {
	return io.LimitReader(io.MultiReader(strings.NewReader("%PDF-1.7\n"), &repeated{text: secretText}), size)
}

// repeated says the same again and again.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(b []byte) (n int, err error) {
	for n < len(b) {
		took := copy(b[n:], r.text[r.at:])
		n, r.at = n+took, (r.at+took)%len(r.text)
	}
	return n, nil
}

// upload begins an upload of the file; what it is answered comes later.
func (c *client) upload(ctx context.Context, path string, file io.Reader) (*http.Response, error) {
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() {
		part, err := form.CreateFormFile("file", "passport.pdf")
		if err == nil {
			_, err = io.Copy(part, file)
		}
		if err == nil {
			err = form.WriteField("document_type", "ID_DOCUMENT")
		}
		if err == nil {
			err = form.Close()
		}
		w.CloseWithError(err)
	}()
	req, err := http.NewRequestWithContext(ctx, "POST", c.api+path, r)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+c.token)
	return http.DefaultClient.Do(req)
}

// TestUploadMemory uploads 100 MiB to `identikit serve` and downloads it, and
// looks at what the process held meanwhile.
func TestUploadMemory(t *testing.T) {
	const size = 100 << 20
	v := newVictim(t)
	var person, d struct{ ID string }
	if err := v.client.call(201, "POST", "/v1/persons", `{"first_name":"Anna"}`, &person); err != nil {
		t.Fatal(err)
	}
	documents := "/v1/persons/" + person.ID + "/documents"
	before := v.resident(t)
	resp, err := v.client.upload(t.Context(), documents, passport(size))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 201 || json.Unmarshal(body, &d) != nil {
		t.Fatalf("%d %s %v", resp.StatusCode, body, err)
	}
	if before > 0 {
		grown := v.peak(t) - before
		t.Logf("%d MiB before, %d MiB more at the most", before>>20, grown>>20)
		if grown > mostGrowth {
			t.Errorf("an upload of 100 MiB made the server grow by %d MiB", grown>>20)
		}
	}
	got, want := sha256.New(), sha256.New()
	if _, err := io.Copy(want, passport(size)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		bytes  string
		status int
		into   io.Writer
		size   int64
	}{{"", 200, got, size}, {fmt.Sprintf("bytes=%d-", size-10), 206, io.Discard, 10}} {
		req, err := http.NewRequest("GET", v.APIURL+documents+"/"+d.ID+"/file", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+v.client.token)
		if c.bytes != "" {
			req.Header.Set("Range", c.bytes)
		}
		began := time.Now()
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(c.into, resp.Body)
		resp.Body.Close()
		t.Logf("%q took %s", c.bytes, time.Since(began))
		if err != nil || n != c.size || resp.StatusCode != c.status {
			t.Errorf("%q: %d, %d bytes, %v", c.bytes, resp.StatusCode, n, err)
		}
	}
	if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Error("other bytes came back")
	}
	if grown := v.peak(t) - before; before > 0 && grown > mostGrowth {
		t.Errorf("with the download the server grew by %d MiB", grown>>20)
	}
}

// resident is what the server holds now, in bytes; its peak counts from here.
func (v *victim) resident(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	proc := fmt.Sprintf("/proc/%d/", v.cmd.Process.Pid)
	if err := os.WriteFile(proc+"clear_refs", []byte("5"), 0); err != nil {
		t.Logf("the peak of before counts too: %v", err)
	}
	status, err := os.ReadFile(proc + "status")
	if err != nil {
		t.Fatal(err)
	}
	var kib int
	line := regexp.MustCompile(`VmRSS:\s+\d+`).FindString(string(status))
	if _, err := fmt.Sscanf(line, "VmRSS: %d", &kib); err != nil {
		t.Fatalf("%v in %s", err, status)
	}
	return kib << 10
}

// TestUploadBrokenOff kills the server in the middle of an upload: there is no
// document, no plain byte on the disk, and in the end no file either.
func TestUploadBrokenOff(t *testing.T) {
	data := t.TempDir()
	p := startSandbox(t, data)
	c, err := newClient(p)
	if err != nil {
		t.Fatal(err)
	}
	var person struct{ ID string }
	if err := c.call(201, "POST", "/v1/persons", `{"first_name":"Anna"}`, &person); err != nil {
		t.Fatal(err)
	}
	documents := "/v1/persons/" + person.ID + "/documents"
	held, release := io.Pipe() // the file's second half never comes
	defer release.Close()
	ended := make(chan error, 1)
	go func() {
		resp, err := c.upload(t.Context(), documents, io.MultiReader(passport(5<<20), held))
		if err == nil {
			err = fmt.Errorf("answered with %d", resp.StatusCode)
			resp.Body.Close()
			ended <- err
			return
		}
		ended <- nil
	}()
	p.await(func() bool { return sizeOf(t, filepath.Join(data, "documents", "new")) > 4<<20 })
	p.kill()
	release.Close() // the client's side ends only when it has nothing more to send
	if err := <-ended; err != nil {
		t.Error(err)
	}
	files := 0
	err = filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(secretText[:20])) {
			t.Errorf("%s holds plain bytes", path)
		}
		if files++; strings.Contains(path, "documents") {
			old := time.Now().Add(-2 * time.Hour) // the sweep's patience runs on the machine's clock
			err = os.Chtimes(path, old, old)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files, %v", files, err)
	}
	p = startSandbox(t, data)
	if c, err = newClient(p); err != nil {
		t.Fatal(err)
	}
	var list []testkit.Object
	if err := c.call(200, "GET", documents+"?include_deleted=true", "", &list); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	if err := c.call(200, "POST", "/sandbox/clock", `{"advance":"25h"}`, nil); err != nil {
		t.Fatal(err)
	}
	if left := sizeOf(t, filepath.Join(data, "documents")); left != 0 {
		t.Errorf("%d bytes are left in the documents' folder", left)
	}
}

// sizeOf is how many bytes lie in a folder.
func sizeOf(t *testing.T, folder string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// largeUploads are more than a partner may have at a time.
func largeUploads(_ *testing.T, ctx context.Context, v *victim) error {
	documents, contentType, form, err := v.anUpload(strings.Repeat(secretText, 8<<20/len(secretText)))
	if err != nil {
		return err
	}
	return v.crowd(ctx, 48, func(ctx context.Context) error {
		return v.knock(ctx, "POST", documents, contentType, strings.NewReader(form), 201, 429)
	})
}

// wideUploads have parts with as many headers as fit, and parts without end.
func wideUploads(_ *testing.T, ctx context.Context, v *victim) error {
	documents, _, _, err := v.anUpload("")
	if err != nil {
		return err
	}
	var headers strings.Builder
	headers.WriteString("--b\r\n")
	for i := 0; headers.Len() < 8<<20; i++ {
		fmt.Fprintf(&headers, "%x:\r\n", i)
	}
	forms := []string{headers.String(), strings.Repeat("--b\r\n\r\n\r\n", 1<<18), "--b\r\n" + strings.Repeat("x", 8<<20), strings.Repeat("\r\n", 4<<20)}
	next := make(chan string, len(forms))
	for _, f := range forms {
		next <- f
	}
	return v.crowd(ctx, 48, func(ctx context.Context) error {
		f := <-next
		next <- f
		return v.knock(ctx, "POST", documents, "multipart/form-data; boundary=b", strings.NewReader(f), 400, 413, 429)
	})
}

func (v *victim) anUpload(content string) (documents, contentType, form string, err error) {
	var person struct{ ID string }
	if err := v.client.call(201, "POST", "/v1/persons", `{"first_name":"Anna"}`, &person); err != nil {
		return "", "", "", err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "a.txt")
	if err == nil {
		_, err = io.WriteString(part, content)
	}
	if err == nil {
		err = w.WriteField("document_type", "OTHER")
	}
	if err == nil {
		err = w.Close()
	}
	return "/v1/persons/" + person.ID + "/documents", w.FormDataContentType(), b.String(), err
}
