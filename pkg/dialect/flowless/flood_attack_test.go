package flowless_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// serve lets a service listen as it does in earnest, and returns its address.
func serve(t *testing.T, s *dialecttest.Server) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	address, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- s.App.Run(ctx, func(url string) { address <- strings.TrimPrefix(url, "http://") }) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case at := <-address:
		return at
	case err := <-done:
		t.Fatal(err)
		return ""
	}
}

// pour sends a head, and then what more returns for as long as somebody listens, and returns the
// statuses of the answers: how many interim ones there are, and the last.
func pour(t *testing.T, address, head string, more func() string) (interim, status int) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute)) // it fails on a closed connection only
	go func() {
		_, err := io.WriteString(conn, head)
		for chunk := more(); err == nil && chunk != ""; chunk = more() {
			_, err = io.WriteString(conn, chunk)
		}
	}()
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		_ = r.Body.Close() // the status is all
		if r.StatusCode >= 200 {
			return interim, r.StatusCode
		}
		interim++
	}
}

// times returns a text so often, and then nothing.
func times(n int, text string) func() string {
	return func() string {
		if n--; n < 0 {
			return ""
		}
		return text
	}
}

func TestAFloodIsRefusedBeforeItIsRead(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_LISTEN=127.0.0.1:0", "GATEHOUSE_ADMIN_LISTEN=", "GATEHOUSE_DRAIN_DELAY=0s")
	ada := s.NewFlowless(t, "ada@example.com", identity.Customer)
	address := serve(t, s)
	const login = "POST /flowless/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	upload := "POST /flowless/auth/upload/picture HTTP/1.1\r\nHost: x\r\nX-Session-ID: " + ada.ID + "\r\nContent-Type: multipart/form-data; boundary=b\r\n"
	const part = "--b\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"x.png\"\r\n"
	chunk := "10000\r\n" + strings.Repeat(" ", 1<<16) + "\r\n"
	right := dialecttest.JSON(map[string]string{"email": ada.Email, "password": ada.Password})
	for _, c := range []struct {
		name, head string
		more       func() string
		interim    int
		status     []int
	}{
		{"a header of 1 MB", login + "X-Filler: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", times(0, ""), 0, []int{431}},
		{"the id of a session of 1 MB", "GET /flowless/auth/me HTTP/1.1\r\nHost: x\r\nX-Session-ID: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", times(0, ""), 0, []int{431}},
		{"a line of 1 MB", "GET /flowless/auth/me?session_id=" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n", times(0, ""), 0, []int{431}},
		{"10000 headers", login + strings.Repeat("X-Filler: x\r\n", 10_000) + "\r\n", times(0, ""), 0, []int{431}},
		{"100 MB, declared", login + "Content-Length: 104857600\r\n\r\n", times(1600, chunk[7:7+1<<16]), 0, []int{413}},
		{"100 MB in chunks", login + "Transfer-Encoding: chunked\r\n\r\n", times(1600, chunk), 0, []int{413}},
		{"1 MB of extensions of a chunk", login + "Transfer-Encoding: chunked\r\n\r\n10;" + strings.Repeat("x", 1<<20) + "\r\n", times(0, ""), 0, []int{400, 413}},
		{"a length and chunks", login + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", times(0, ""), 0, []int{400}},
		{"two lengths", login + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}    ", times(0, ""), 0, []int{400}},
		{"gzip", login + "Content-Encoding: gzip\r\nContent-Length: 104857600\r\n\r\n", times(1600, chunk[7:7+1<<16]), 0, []int{413, 415}},
		{"waiting to be told to go on", login + fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s", len(right), right), times(0, ""), 1, []int{200}},
		{"waiting with 100 MB", login + "Expect: 100-continue\r\nContent-Length: 104857600\r\n\r\n", times(0, ""), 0, []int{413}},
		{"waiting without a session", strings.Replace(upload, ada.ID, "ses_x", 1) + "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n", times(0, ""), 0, []int{401}},
		{"expecting something else", login + "Expect: the-unexpected\r\nContent-Length: 2\r\n\r\n{}", times(0, ""), 0, []int{417}},
		{"a picture of 100 MB, declared", upload + "Content-Length: 104857600\r\n\r\n" + part + "\r\n", times(1600, chunk[7:7+1<<16]), 0, []int{413}},
		{"a picture of 100 MB in chunks", upload + "Transfer-Encoding: chunked\r\n\r\n", times(1600, chunk), 0, []int{400, 413}},
		{"a form of 10000 parts", upload + fmt.Sprintf("Content-Length: %d\r\n\r\n", 10_000*len(part+"\r\nx\r\n")+5), times(10_000, part+"\r\nx\r\n"), 0, []int{400, 413, 415}},
		{"a part with a header of 1 MB", upload + "Content-Length: 2000000\r\n\r\n" + part + "X-Filler: " + strings.Repeat("x", 1<<20) + "\r\n\r\nx\r\n--b--\r\n", times(1, strings.Repeat(" ", 1<<20)), 0, []int{400, 413, 415}},
	} {
		t.Run(c.name, func(t *testing.T) {
			interim, status := pour(t, address, c.head, c.more)
			if ok := interim == c.interim && slices.Contains(c.status, status); !ok {
				t.Errorf("answered %d after %d interim answers, want %d after %d", status, interim, c.status, c.interim)
			}
		})
	}
	if _, status := pour(t, address, "GET /flowless/auth/me HTTP/1.1\r\nHost: x\r\nX-Session-ID: "+ada.ID+"\r\n\r\n", times(0, "")); status != 200 {
		t.Errorf("then the session is answered %d", status)
	}
}
