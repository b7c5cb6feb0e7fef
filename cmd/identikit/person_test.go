package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPersonCommands: history, erasure and the record, beside a running sandbox.
func TestPersonCommands(t *testing.T) {
	data := t.TempDir()
	p := startSandbox(t, data)
	c, err := newClient(p)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	newPerson := func(first string) string {
		t.Helper()
		var made struct{ ID string }
		must(c.call(201, "POST", "/v1/persons", `{"first_name":"`+first+`","last_name":"Zwickelmeier","email":"z@example.com"}`, &made))
		return made.ID
	}
	nobody, customer := newPerson("Anna"), newPerson("X-AUTOTEST-HAPPYPATH")
	base := "/v1/persons/" + customer + "/identifications"
	var ident struct{ ID, Status string }
	must(c.call(201, "POST", base, `{"method":"idnow"}`, &ident))
	must(c.call(200, "PATCH", base+"/"+ident.ID+"/request", "", nil))
	output(t, "clock", "advance", "1000h", "--data", data) // the commands go by this clock
	c.token = ""                                           // it has expired on that clock
	must(c.login(p.Partner))

	lines := strings.Split(strings.TrimSpace(output(t, "person", "history", customer, "--data", data, "--json")), "\n")
	var last struct {
		Event, Actor, From, To, At string
		Details                    map[string]any
	}
	if len(lines) != 5 || !strings.Contains(lines[4], `"event":"legitimation_changed"`) {
		t.Fatalf("%s", strings.Join(lines, "\n"))
	}
	must(json.Unmarshal([]byte(lines[3]), &last))
	if last.Event != "succeeded" || last.Actor != "provider" || last.From != "pending" || last.To != "successful" {
		t.Errorf("%s", strings.Join(lines, "\n"))
	}
	if text := output(t, "person", "history", customer, "--data", data); !strings.Contains(text, "pending → successful") || !strings.Contains(text, "Zwickelmeier") {
		t.Errorf("%s", text)
	}
	if err := command(t, "person", "history", "nobody", "--data", data).Run(); err == nil {
		t.Error("nobody has a history")
	}

	asked := command(t, "person", "erase", nobody, "--data", data)
	asked.Stdin = strings.NewReader("no\n")
	if out, err := asked.CombinedOutput(); err == nil || !strings.Contains(string(out), "nothing was done") {
		t.Errorf("%v: %s", err, out)
	}
	must(c.call(200, "GET", "/v1/persons/"+nobody, "", nil))
	asked = command(t, "person", "erase", nobody, "--data", data)
	asked.Stdin = strings.NewReader("yes\n")
	if out, err := asked.CombinedOutput(); err != nil || !strings.Contains(string(out), "erased") {
		t.Errorf("%v: %s", err, out)
	}
	must(c.call(404, "GET", "/v1/persons/"+nobody, "", nil))
	asked = command(t, "person", "erase", "nope", "--data", data)
	asked.Stdin = strings.NewReader("yes\n")
	if out, err := asked.CombinedOutput(); err == nil || strings.Contains(string(out), "Type yes") {
		t.Errorf("somebody unknown: %v: %s", err, out)
	}
	if out, err := command(t, "person", "erase", nobody, "--yes", "--data", data).CombinedOutput(); err == nil || !strings.Contains(string(out), "was erased at") {
		t.Errorf("a second time: %v: %s", err, out)
	}
	for _, ended := range []string{"soon", "2999-01-01", "2016-03-31"} { // the last before they were identified
		if err := command(t, "person", "erase", customer, "--yes", "--ended", ended, "--data", data).Run(); err == nil {
			t.Errorf("the relationship ended %s", ended)
		}
	}

	var done struct {
		ID   string  `json:"id"`
		At   string  `json:"erased_at"`
		Kept *string `json:"kept_until"`
	}
	must(json.Unmarshal([]byte(output(t, "person", "erase", customer, "--yes", "--json", "--data", data)), &done))
	if done.ID != customer || done.Kept == nil || done.At < last.At {
		t.Errorf("%+v after %s", done, last.At)
	}
	must(c.call(404, "GET", "/v1/persons/"+customer, "", nil))
	text := output(t, "person", "history", customer, "--data", data)
	if strings.Contains(text, "Zwickelmeier") || !strings.Contains(text, "person_erased") || !strings.Contains(text, "operator") || !strings.Contains(text, "pending → successful") {
		t.Errorf("%s", text)
	}

	if text := output(t, "person", "record", customer, "--data", data); !strings.Contains(text, "Zwickelmeier") || strings.Contains(text, "z@example.com") {
		t.Errorf("%s", text)
	}
	if text := output(t, "person", "record", customer, "--data", data); strings.Contains(text, `"0001-`) {
		t.Errorf("a time that is none: %s", text)
	}
	to := filepath.Join(t.TempDir(), "authority")
	output(t, "person", "record", customer, "--out", to, "--data", data)
	files, err := os.ReadDir(to)
	must(err)
	reports := 0
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(to, f.Name()))
		must(err)
		if bytes.HasPrefix(b, []byte("%PDF-")) {
			reports++
		}
	}
	if out, err := command(t, "person", "record", customer, "--out", to, "--data", data).CombinedOutput(); err == nil || !strings.Contains(string(out), "is not empty") {
		t.Errorf("into a folder with files: %v: %s", err, out)
	}
	if reports != 1 || len(files) < 5 {
		t.Errorf("%d reports among %d files", reports, len(files))
	}
	if err := command(t, "person", "record", nobody, "--data", data).Run(); err == nil {
		t.Error("a record is kept of who was no customer")
	}
}

func TestEraseAfter(t *testing.T) {
	for _, wrong := range []string{"-1h", "30m", "tomorrow"} {
		if out, err := command(t, "sandbox", "--data", t.TempDir(), "--erase-after", wrong).CombinedOutput(); err == nil || !strings.Contains(string(out), "erase-after") {
			t.Errorf("%s: %v %s", wrong, err, out)
		}
	}
	data := t.TempDir()
	p := startSandbox(t, data)
	c, err := newClient(p)
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ ID string }
	if err := c.call(201, "POST", "/v1/persons", `{"first_name":"Anna"}`, &made); err != nil {
		t.Fatal(err)
	}
	output(t, "clock", "advance", "2161h", "--data", data) // the default is 90 days
	c.token = ""
	if err := c.login(p.Partner); err != nil {
		t.Fatal(err)
	}
	if err := c.call(404, "GET", "/v1/persons/"+made.ID, "", nil); err != nil {
		t.Error(err)
	}
}
