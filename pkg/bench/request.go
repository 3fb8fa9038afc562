package bench

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// request is an HTTP request before it is bytes.
type request struct {
	method, path string
	host         string
	key          string // API key, or empty
	bearer       string // access token, or empty
	body         string // JSON, or empty
}

func (r request) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: gatehouse-bench\r\n", r.method, r.path, r.host)
	if r.key != "" {
		fmt.Fprintf(&b, "X-Api-Key: %s\r\n", r.key)
	}
	if r.bearer != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", r.bearer)
	}
	if r.body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(r.body))
	}
	fmt.Fprintf(&b, "\r\n%s", r.body)
	return b.Bytes()
}

// member finds the string value of a JSON member by its name. It knows the values that come
// into question, tokens, and gives up on an escape.
func member(body []byte, name string) ([]byte, error) {
	_, rest, found := bytes.Cut(body, strconv.AppendQuote(make([]byte, 0, 32), name))
	rest, isString := bytes.CutPrefix(rest, []byte(`:"`))
	value, _, ends := bytes.Cut(rest, []byte(`"`))
	if !found || !isString || !ends || bytes.IndexByte(value, '\\') >= 0 || len(value) == 0 {
		return nil, errors.New("an answer without " + name)
	}
	return value, nil
}
