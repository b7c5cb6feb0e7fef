package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// attacks is the list of the table, in its order.
var attacks = []attack{
	{"10,000 nested arrays, and 1 MiB of `[`", nestedArrays},
	{"1 MiB bodies of small members, 64 at once", wideBodies},
	{"1 MiB forms to the token endpoint, 64 at once", wideForms},
	{"invalid UTF-8, NUL bytes, odd paths", malformed},
	{"header lines of 1 MiB", longHeaders},
	{"500 clients that send a byte a second", slowClients},
	{"500 clients that stop in 8 KiB of tiny header lines", stalledHeaders},
	{"2,000 idle connections", idleConnections},
	{"wrong client secrets, 64 at once", wrongClientSecrets},
	{"wrong identification secrets, 64 at once", wrongIdentSecrets},
	{"ZIP bombs and paths in names as evidence", zipBombs},
	{"archives of 100 MiB as evidence", largeArchives},
	{"results of many members from the provider", wideResults},
	{"uploads of 8 MiB, 48 at once", largeUploads},
	{"uploads of tiny header lines and of endless parts, 48 at once", wideUploads},
}

// knock sends a body and wants one of the statuses.
func (v *victim) knock(ctx context.Context, method, path, contentType string, body io.Reader, want ...int) error {
	req, err := http.NewRequestWithContext(ctx, method, v.APIURL+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+v.client.token)
	resp, err := hostileHTTP.Do(req)
	if err != nil {
		return gone(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return gone(err)
	}
	if !slices.Contains(want, resp.StatusCode) {
		return fmt.Errorf("%s %.100s: %d, want %v: %.300s", method, path, resp.StatusCode, want, answer)
	}
	return nil
}

// hostileHTTP does not share connections with the well-behaved client.
var hostileHTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// gone forgives a connection that the server cut: that is an answer too.
func gone(err error) error {
	var op *net.OpError
	if errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "server closed idle connection") {
		return nil
	}
	return err
}

const jsonType = "application/json"

func nestedArrays(_ *testing.T, ctx context.Context, v *victim) error {
	deep := `{"first_name":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`
	flood := strings.Repeat("[", 1<<20)
	return v.crowd(ctx, 16, func(ctx context.Context) error {
		return errors.Join(
			v.knock(ctx, "POST", "/v1/persons", jsonType, strings.NewReader(deep), 400),
			v.knock(ctx, "POST", "/v1/persons", jsonType, strings.NewReader(flood), 400))
	})
}

func wideBodies(_ *testing.T, ctx context.Context, v *victim) error {
	var b strings.Builder
	b.WriteString(`{"first_name":"A"`)
	for i := 0; b.Len() < 1<<20-20; i++ {
		fmt.Fprintf(&b, `,"%x":0`, i)
	}
	b.WriteString("}")
	body := b.String()
	list := `{"address":[` + strings.Repeat("{},", (1<<20-30)/3) + `{}]}`
	return v.crowd(ctx, 64, func(ctx context.Context) error {
		return errors.Join(
			v.knock(ctx, "POST", "/v1/persons", jsonType, strings.NewReader(body), 400, 413),
			v.knock(ctx, "POST", "/v1/persons", jsonType, strings.NewReader(list), 400, 413))
	})
}

func wideForms(_ *testing.T, ctx context.Context, v *victim) error {
	var b strings.Builder
	for i := 0; b.Len() < 1<<20-20; i++ {
		fmt.Fprintf(&b, "%x=&", i)
	}
	form := b.String()
	return v.crowd(ctx, 64, func(ctx context.Context) error {
		return v.knock(ctx, "POST", "/oauth2/token", "application/x-www-form-urlencoded", strings.NewReader(form), 400, 413)
	})
}

func malformed(_ *testing.T, ctx context.Context, v *victim) error {
	return v.crowd(ctx, 16, func(ctx context.Context) error {
		var all error
		for _, body := range []string{"{\"first_name\":\"\xff\xfe\"}", `{"first_name":"a\u0000b"}`, "{\"first_name\":\"a\x00b\"}", `{"email":"\u0000"}`} {
			all = errors.Join(all, v.knock(ctx, "POST", "/v1/persons", jsonType, strings.NewReader(body), 400))
		}
		all = errors.Join(all, v.knock(ctx, "POST", "/inbound/idnow/"+v.secret, jsonType, strings.NewReader(`{"identificationprocess":{"transactionnumber":"a\u0000b"}}`), 400))
		for _, path := range []string{"/v1/persons/%ff%fe", "/v1/persons/a%00b", "/v1/%2e%2e/persons", "/v1/persons/..%2f..%2fetc%2fpasswd", "/v1/persons/%c0%af"} {
			all = errors.Join(all, v.knock(ctx, "GET", path, jsonType, nil, 404))
		}
		return errors.Join(all, v.knock(ctx, "GET", "/v1/persons?page[number]=%ff%00", jsonType, nil, 400), v.knock(ctx, "GET", "/v1/persons?a;b=%zz", jsonType, nil, 400))
	})
}

// raw opens a connection and says something on it.
func (v *victim) raw(ctx context.Context, text string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", strings.TrimPrefix(v.APIURL, "http://"))
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(c, text)
	return c, err
}

func longHeaders(_ *testing.T, ctx context.Context, v *victim) error {
	line := "GET /v1/persons HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"
	var refused sync.Once
	err := errors.New("no header line of 1 MiB was answered")
	return errors.Join(v.crowd(ctx, 32, func(ctx context.Context) error {
		c, e := v.raw(ctx, line)
		if c == nil {
			return gone(e)
		}
		defer c.Close()
		if resp, e := http.ReadResponse(bufio.NewReader(c), nil); e == nil {
			resp.Body.Close()
			if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				return fmt.Errorf("a header line of 1 MiB: %s", resp.Status)
			}
			refused.Do(func() { err = nil })
		}
		return nil
	}), err)
}

// hold opens n connections, each with something to say at once, and keeps them
// until the end of ctx; when all are open, each says a byte a second.
func (v *victim) hold(ctx context.Context, n int, opening func(i int) string, drip string) error {
	var all []net.Conn
	defer func() {
		for _, c := range all {
			c.Close()
		}
	}()
	for i := range n {
		c, err := v.raw(ctx, opening(i))
		if c != nil {
			all = append(all, c)
		}
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
	}
	v.underway()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for n := 0; ; n++ {
		if drip != "" {
			for _, c := range all {
				_, _ = c.Write([]byte{drip[n%len(drip)]}) // some were cut off, as they should be
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-second.C:
		}
	}
}

func (v *victim) bodyOf(length int) string {
	return fmt.Sprintf("POST /v1/persons HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", v.client.token, length)
}

func slowClients(_ *testing.T, ctx context.Context, v *victim) error {
	return v.hold(ctx, 500, func(i int) string {
		switch i % 4 {
		case 0:
			return "" // not even a method
		case 1:
			return "GET /v1/persons HTTP/1.1\r\nHost: x\r\n"
		case 2: // a form to an endpoint that asks for no token
			return "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\n" + strings.Repeat("x", 3000)
		}
		return v.bodyOf(1<<20) + `{"first_name":"` + strings.Repeat("x", 96<<10) // more would wait in our own buffers
	}, "x")
}

func stalledHeaders(_ *testing.T, ctx context.Context, v *victim) error {
	var b strings.Builder
	b.WriteString("GET /v1/persons HTTP/1.1\r\nHost: x\r\n")
	for i := 0; b.Len() < 8<<10-10; i++ {
		fmt.Fprintf(&b, "%x:\r\n", i)
	}
	return v.hold(ctx, 500, func(int) string { return b.String() }, "")
}

func idleConnections(_ *testing.T, ctx context.Context, v *victim) error {
	return v.hold(ctx, 2000, func(i int) string {
		if i%2 == 0 {
			return "" // never asked anything
		}
		return "GET /v1/persons HTTP/1.1\r\nHost: x\r\n\r\n" // a 401, then silence
	}, "")
}

func wrongClientSecrets(_ *testing.T, ctx context.Context, v *victim) error {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {v.Partner.ClientID}, "client_secret": {"wrong"}}.Encode()
	return v.crowd(ctx, 64, func(ctx context.Context) error {
		return v.knock(ctx, "POST", "/oauth2/token", "application/x-www-form-urlencoded", strings.NewReader(form), 401, 429)
	})
}

func wrongIdentSecrets(t *testing.T, ctx context.Context, v *victim) error {
	output(t, "partner", "set-secret", v.Partner.ClientID, "the right one", "--database", v.database)
	var o struct{ ID string }
	if err := v.client.call(201, "POST", "/v1/persons", v.customer, &o); err != nil {
		return err
	}
	base := "/v1/persons/" + o.ID + "/identifications"
	if err := v.client.call(201, "POST", base, `{"method":"idnow"}`, &o); err != nil {
		return err
	}
	return v.crowd(ctx, 64, func(ctx context.Context) error {
		return v.knock(ctx, "PATCH", base+"/"+o.ID+"/request", jsonType, strings.NewReader(`{"secret":"wrong"}`), 422)
	})
}

// evidence has n identifications end with the archive and waits until the
// provider has handed it out so often.
func (v *victim) evidence(archive []byte, n int) ([]string, error) {
	v.firm.have(archive)
	paths, err := v.identified(n)
	if err != nil {
		return nil, err
	}
	for range n {
		select {
		case <-v.firm.fetched:
		case <-time.After(60 * time.Second):
			return nil, errors.New("the archive was not fetched")
		}
	}
	return paths, nil
}

// settled waits until an identification is successful, and returns its documents.
func (v *victim) settled(path string) ([]string, error) {
	var o struct {
		Status    string
		Documents []struct{ Name string }
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(60 * time.Second); o.Status != "successful"; {
		if err := v.client.call(200, "GET", path+"?include_documents=true", "", &o); err != nil {
			return nil, err
		}
		select {
		case <-tick.C:
		case <-late:
			return nil, fmt.Errorf("%s is %s", path, o.Status)
		}
	}
	var names []string
	for _, d := range o.Documents {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names, nil
}

func zipBombs(_ *testing.T, _ context.Context, v *victim) error {
	names := []string{"_idfrontside.jpg", "_userface.jpg", "_videolog.mp4"}
	many := make([]string, 100_000)
	for i := range many {
		many[i] = "_userface.jpg"
	}
	for _, c := range []struct {
		size  int64
		liar  bool
		names []string
	}{{100 << 20, false, names}, {100 << 20, true, names}, {1, false, many}} {
		archive, err := bomb(c.size, c.liar, c.names...)
		if err != nil {
			return err
		}
		paths, err := v.evidence(archive, 4)
		if err != nil {
			return err
		}
		for _, path := range paths { // the result counts, the evidence does not
			if documents, err := v.settled(path); err != nil || len(documents) > 0 {
				return fmt.Errorf("a bomb of %d files became %v, %v", len(c.names), documents, err)
			}
		}
	}
	archive, err := bomb(100, false, "../../../etc/_userface.jpg", `..\..\_idfrontside.jpg`, "/root/_idbackside.jpg", "x/../_security1.jpg\x00.exe")
	if err != nil {
		return err
	}
	paths, err := v.evidence(archive, 1)
	if err != nil {
		return err
	}
	documents, err := v.settled(paths[0])
	if err != nil || len(documents) > 0 { // refused as a whole, like the bombs
		return fmt.Errorf("paths in names became %v: %v", documents, err)
	}
	return nil
}

func largeArchives(_ *testing.T, _ context.Context, v *victim) error {
	archive, err := bomb(30<<20, false, "_videolog.mp4")
	if err != nil {
		return err
	}
	archive = append(make([]byte, 100<<20), archive...) // a ZIP may stand at the end of anything
	paths, err := v.evidence(archive, 2)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if documents, err := v.settled(path); err != nil || len(documents) != 2 {
			return fmt.Errorf("a large archive became %v, %v", documents, err)
		}
	}
	return nil
}

func wideResults(_ *testing.T, _ context.Context, v *victim) error {
	var wide strings.Builder
	wide.WriteString(`{"userdata":{"":{}`)
	for i := 0; wide.Len() < 200<<10; i++ {
		fmt.Fprintf(&wide, `,"%x":{"value":[[],[],[]]}`, i)
	}
	wide.WriteString("}}")
	for _, result := range []string{wide.String(), strings.Repeat("[", 9<<20), `{"userdata":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`} {
		v.firm.say(result)
		if _, err := v.identified(16); err != nil {
			return err
		}
	}
	return nil
}
