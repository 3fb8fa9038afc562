package httpkit_test

import (
	"bufio"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// TestWhoWaitsToSendABodyIsAnswered lets a client wait for a 100 that is never to come. The
// server's patience is so long that it is never used up.
func TestWhoWaitsToSendABodyIsAnswered(t *testing.T) {
	refusal := fault.New(fault.Unauthenticated, "credentials_required", "no")
	refuse := func(*httpkit.Call) (httpkit.Reply, error) { return httpkit.Reply{}, refusal }
	read := httpkit.JSON(func(*httpkit.Call, struct{}) (httpkit.Reply, error) { return httpkit.Reply{Status: http.StatusOK}, nil })
	for name, c := range map[string]struct {
		handle httpkit.Handler
		length string
		want   int
	}{
		"a refusal before the body is looked at":   {refuse, "1000", 401},
		"a body that is declared too large":        {read, "65537", 413},
		"a body of any size that is told to go on": {read, "65536", 100},
	} {
		inBubble(t, name, func(t *testing.T) {
			srv := serveWithin(t, time.Hour, mounted(httpkit.Route{Method: http.MethodPost, Path: "/", Access: httpkit.Access{Public: true}, Handle: c.handle}))
			conn := dial(t, srv)
			_ = conn.SetDeadline(time.Now().Add(time.Minute)) // it fails on a closed connection only
			if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: "+c.length+"\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			r, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = r.Body.Close() // the status is all
			if r.StatusCode != c.want {
				t.Errorf("answered %d, want %d", r.StatusCode, c.want)
			}
		})
	}
}
