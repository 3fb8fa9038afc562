package bench_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/bench"
)

func TestAnswersAreReadToTheByte(t *testing.T) {
	for _, c := range []struct {
		name, text string
		status     int
		body       string
		size       int
	}{
		{"nothing yet", "", 0, "", 0},
		{"half a head", "HTTP/1.1 200 OK\r\nContent-Le", 0, "", 0},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", 200, "", 43},
		{"a whole answer", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", 43},
		{"more than an answer", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP", 200, "hello", 43},
		{"names without regard to case", "HTTP/1.1 201 Created\r\ncontent-LENGTH:\t5 \r\nA: b\r\n\r\nhello", 201, "hello", 55},
		{"no content", "HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n", 204, "", 38},
		{"not modified, with the length it would have", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "", 48},
		{"no reason", "HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n", 500, "", 36},
		{"the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 200, "x", 58},
		{"a connection that is kept", "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 200, "x", 63},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, size, err := bench.Parse([]byte(c.text))
			if status != c.status || string(body) != c.body || size != c.size || err != nil {
				t.Errorf("%d, %q, %d, %v; want %d, %q, %d", status, body, size, err, c.status, c.body, c.size)
			}
		})
	}
}

func TestBadAnswersAreRefused(t *testing.T) {
	for _, text := range []string{
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 +20 OK\r\n\r\n",
		"HTTP/1.1 600 ?\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"HTTP/2 200\r\n\r\n",
		"\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
	} {
		if status, body, size, err := bench.Parse([]byte(text)); err == nil {
			t.Errorf("%q was read as %d, %q, %d", text, status, body, size)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
	f.Add("HTTP/1.1 204 No Content\r\n\r\n")
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2147483647\r\nConnection: close\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		status, body, size, err := bench.Parse([]byte(text))
		if err != nil {
			return
		}
		if size == 0 != !strings.Contains(text, "\r\n\r\n") || size < 0 || (size > 0 && (status < 200 || status > 599)) {
			t.Errorf("%q: status %d, size %d", text, status, size)
		}
		if size > len(text) && len(body) > 0 || size <= len(text) && !strings.HasSuffix(text[:size], string(body)) {
			t.Errorf("%q: size %d, body %q", text, size, body)
		}
	})
}

func TestMembersAreFoundOrRefused(t *testing.T) {
	const body = `{"localId":"abc","refreshToken":"ses_1.2.xyz","n":1,"empty":"","odd":"a\"b","open":"x`
	for name, want := range map[string]string{
		"localId": "abc", "refreshToken": "ses_1.2.xyz", "n": "", "empty": "", "odd": "", "open": "", "missing": "", "Id": "",
	} {
		if got, err := bench.Member(body, name); got != want || (err != nil) != (want == "") {
			t.Errorf("member %s = %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestNumbersInAddressesCountUp(t *testing.T) {
	for from, want := range map[string]string{"000": "001", "009": "010", "199": "200", "999": "000"} {
		digits := []byte(from)
		if bench.CountUp(digits); string(digits) != want {
			t.Errorf("%s counts up to %s, want %s", from, digits, want)
		}
	}
}

func TestLoadGoesToThisMachineOnly(t *testing.T) {
	for url, want := range map[string]string{
		"http://127.0.0.1:8080":          "127.0.0.1:8080",
		"http://localhost:8080/":         "localhost:8080",
		"http://[::1]:8080":              "[::1]:8080",
		"http://127.0.0.1":               "127.0.0.1:80",
		"http://[::1]":                   "[::1]:80",
		"https://127.0.0.1:8080":         "",
		"http://192.0.2.1:8080":          "",
		"http://127.0.0.1.example.com":   "",
		"http://localhost.example.com":   "",
		"http://example.com:8080":        "",
		"http://127.0.0.1:8080@[::2]:80": "",
		"http://user@127.0.0.1:8080":     "",
		"http://127.0.0.1:8080/path":     "",
		"http://127.0.0.1:8080?q":        "",
		"http://0.0.0.0:8080":            "",
		"http://:8080":                   "",
		"127.0.0.1:8080":                 "",
		"unix:///var/run/gatehouse.sock": "",
		"http://127.0.0.1:8080#fragment": "",
		"http://[::ffff:192.0.2.1]:8080": "",
		"http://%31%32%37.0.0.1.example": "",
		"":                               "",
	} {
		got, err := bench.HostOf(url)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q leads to %q, %v; want %q", url, got, err, want)
		}
	}
}
