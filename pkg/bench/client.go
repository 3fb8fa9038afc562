package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// maxAnswer bounds an answer, head and body, in bytes. Ours are a few hundred.
const maxAnswer = 64 << 10

// client is one kept connection. It is not safe for concurrent use.
type client struct {
	conn net.Conn
	buf  []byte
}

// answer is what a server said; its body is valid until the next request.
type answer struct {
	status int
	body   []byte
}

// do sends a request and reads its answer. Any error ends the connection's usefulness.
func (c *client) do(request []byte) (answer, error) {
	if _, err := c.conn.Write(request); err != nil {
		return answer{}, fmt.Errorf("send: %w", err)
	}
	for n := 0; ; {
		more, err := c.conn.Read(c.buf[n:])
		n += more
		a, size, bad := parse(c.buf[:n])
		switch {
		case bad != nil:
			return answer{}, bad
		case size > 0 && size < n:
			return answer{}, errors.New("the server sent more than one answer to one request")
		case size == n && n > 0:
			return a, nil
		case size > len(c.buf) || n == len(c.buf):
			return answer{}, fmt.Errorf("an answer is larger than %d bytes", len(c.buf))
		case errors.Is(err, io.EOF):
			return answer{}, errors.New("the server closed the connection before its answer was complete")
		case err != nil:
			return answer{}, fmt.Errorf("receive: %w", err)
		}
	}
}

// parse reads an HTTP/1.1 answer (RFC 9112) whose length Content-Length tells. size is that of
// the whole answer, 0 while that is unknown; the answer holds once len(b) reaches it.
func parse(b []byte) (a answer, size int, err error) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return answer{}, 0, nil
	}
	line, fields, _ := bytes.Cut(b[:end], []byte("\r\n"))
	if a.status, err = parseStatus(line); err != nil {
		return answer{}, 0, err
	}
	length, err := parseLength(fields, a.status)
	if err != nil {
		return answer{}, 0, err
	}
	size = end + len("\r\n\r\n") + length
	if len(b) >= size {
		a.body = b[size-length : size]
	}
	return a, size, nil
}

func parseStatus(line []byte) (int, error) {
	const before = "HTTP/1.1 "
	if !bytes.HasPrefix(line, []byte(before)) || len(line) < len(before)+3 {
		return 0, fmt.Errorf("not an HTTP/1.1 answer: %q", line)
	}
	status, err := strconv.ParseUint(string(line[len(before):len(before)+3]), 10, 16)
	if err != nil || status < 200 || status > 599 || (len(line) > len(before)+3 && line[len(before)+3] != ' ') {
		return 0, fmt.Errorf("not a final status: %q", line)
	}
	return int(status), nil
}

// parseLength finds the length of the body in the header fields, and refuses what changes the
// rules: other transfer codings and the end of the connection.
func parseLength(fields []byte, status int) (int, error) {
	length := -1
	for line := []byte(nil); len(fields) > 0; {
		line, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case is(name, "Content-Length"):
			n, err := strconv.ParseUint(string(value), 10, 31)
			if err != nil || (length >= 0 && length != int(n)) {
				return 0, fmt.Errorf("a bad header: %q", line)
			}
			length = int(n)
		case is(name, "Transfer-Encoding"):
			return 0, fmt.Errorf("the body's length is unknown beforehand: %q", line)
		case is(name, "Connection") && is(value, "close"):
			return 0, errors.New("the server ends the connection after this answer")
		}
	}
	switch {
	case status == 204 || status == 304:
		return 0, nil
	case length < 0:
		return 0, errors.New("an answer without Content-Length")
	default:
		return length, nil
	}
}

// is compares without regard to case.
func is(got []byte, want string) bool {
	return len(got) == len(want) && bytes.EqualFold(got, []byte(want))
}
