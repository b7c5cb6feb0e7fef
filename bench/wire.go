package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// wire is one keep-alive connection that speaks as little HTTP/1.1 as a client
// can, so that the client takes little of the machine that it shares with the
// server. Requests are bytes made beforehand.
type wire struct {
	conn net.Conn
	r    *bufio.Reader
	body []byte // of the last answer; the next one overwrites it
}

// answerTime is how long an answer may take before the bench gives up.
const answerTime = 30 * time.Second

func dial(address string) (*wire, error) {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &wire{conn: conn, r: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// do sends a request and reads its answer. The body stays good until the next call.
func (w *wire) do(request []byte) (status int, body []byte, err error) {
	if err := w.conn.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return 0, nil, err
	}
	if _, err := w.conn.Write(request); err != nil {
		return 0, nil, err
	}
	status, w.body, err = readAnswer(w.r, w.body[:0])
	return status, w.body, err
}

// maxAnswer is the longest body that readAnswer takes.
const maxAnswer = 32 << 20

var errAnswer = errors.New("the answer is not the HTTP that the bench reads")

// readAnswer reads one answer and appends its body to buf.
func readAnswer(r *bufio.Reader, buf []byte) (status int, body []byte, err error) {
	line, err := readLine(r)
	if err != nil {
		return 0, buf, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' {
		return 0, buf, fmt.Errorf("%w: it begins with %q", errAnswer, line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil || status < 200 {
		return 0, buf, fmt.Errorf("%w: the status is %q", errAnswer, line[9:12])
	}
	length, chunked := -1, false
	for {
		if line, err = readLine(r); err != nil {
			return 0, buf, err
		}
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return 0, buf, fmt.Errorf("%w: a header has no colon", errAnswer)
		}
		switch value = bytes.TrimSpace(value); {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 || length > maxAnswer {
				return 0, buf, fmt.Errorf("%w: Content-Length is %q", errAnswer, value)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
	switch {
	case chunked:
		body, err = readChunks(r, buf)
	case length >= 0:
		body, err = readBytes(r, buf, length)
	case status == 204 || status == 304:
		body = buf
	default:
		body, err = buf, fmt.Errorf("%w: its body has no length", errAnswer)
	}
	return status, body, err
}

// readLine reads a line without its end.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("%w: a line is too long", errAnswer)
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

// readBytes appends n bytes to buf.
func readBytes(r *bufio.Reader, buf []byte, n int) ([]byte, error) {
	at := len(buf)
	if need := at + n; cap(buf) < need {
		buf = append(make([]byte, 0, need), buf...)
	}
	buf = buf[:at+n]
	_, err := io.ReadFull(r, buf[at:])
	return buf, err
}

func readChunks(r *bufio.Reader, buf []byte) ([]byte, error) {
	for {
		line, err := readLine(r)
		if err != nil {
			return buf, err
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 31)
		if err != nil || int(n)+len(buf) > maxAnswer {
			return buf, fmt.Errorf("%w: a chunk's size is %q", errAnswer, size)
		}
		if n == 0 {
			break
		}
		if buf, err = readBytes(r, buf, int(n)); err != nil {
			return buf, err
		}
		if line, err = readLine(r); err != nil {
			return buf, err
		}
		if len(line) != 0 {
			return buf, fmt.Errorf("%w: a chunk is longer than its size", errAnswer)
		}
	}
	for { // trailers
		line, err := readLine(r)
		if err != nil || len(line) == 0 {
			return buf, err
		}
	}
}

// request makes the bytes of a request.
func request(method, host, path, token, body string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, host)
	if token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", token)
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	} else if method != "GET" {
		b.WriteString("Content-Length: 0\r\n")
	}
	b.WriteString("\r\n")
	b.WriteString(body)
	return b.Bytes()
}
