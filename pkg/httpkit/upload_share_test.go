package httpkit_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// look is a reader that calls a function instead of reading.
type look func()

func (l look) Read([]byte) (int, error) {
	l()
	return 0, io.EOF
}

func uploadCall(t *testing.T, body io.Reader, length int64) *httpkit.Call {
	r := httptest.NewRequest(http.MethodPost, "/", body)
	r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	r.ContentLength = length
	return &httpkit.Call{Context: t.Context(), Request: r}
}

func nothing(*httpkit.Call, []byte) (httpkit.Reply, error) { return httpkit.Reply{}, nil }

// A few senders who stall must not hold what everybody shares.
func TestAnUploadHoldsInProportionToWhatHasArrived(t *testing.T) {
	for _, arrived := range []int{0, 1, 50 << 10, 100 << 10, 400 << 10, 1 << 20, 4 << 20} {
		t.Run(fmt.Sprintf("%d bytes", arrived), func(t *testing.T) {
			form := picture(strings.Repeat("x", httpkit.MaxPicture)) + end
			var taken func() int64
			var holds int64
			body := io.MultiReader(strings.NewReader(form[:len(picture(""))+arrived]), look(func() { holds = taken() }))
			var call *httpkit.Call
			call, taken = httpkit.WithUploads(uploadCall(t, body, int64(len(form))), 0)
			if _, err := httpkit.File("picture", nothing)(call); fault.From(err).Kind != fault.Invalid {
				t.Fatalf("error %v", err)
			}
			if most := int64(2*arrived + 64<<10); holds > most || holds < int64(arrived) {
				t.Errorf("it holds %d bytes, want at most %d", holds, most)
			}
			if taken() != 0 {
				t.Errorf("%d bytes are still counted", taken())
			}
		})
	}
}

func TestAnAccountSendsOneFileAtATime(t *testing.T) {
	form := picture("x") + end
	send := func(with *httpkit.Call, user string, body io.Reader) error {
		_, err := httpkit.File("picture", nothing)(httpkit.SameUploads(uploadCall(t, body, int64(len(form))), with, user))
		return err
	}
	all, _ := httpkit.WithUploads(uploadCall(t, nil, 0), 0)
	var second, other, public error
	during := look(func() {
		second = send(all, "ada", strings.NewReader(form))
		other = send(all, "eve", strings.NewReader(form))
		public = send(all, "", strings.NewReader(form))
	})
	if err := send(all, "ada", io.MultiReader(strings.NewReader(form[:50]), during, strings.NewReader(form[50:]))); err != nil {
		t.Errorf("the first is refused: %v", err)
	}
	if f := fault.From(second); f.Kind != fault.Unavailable || f.RetryAfter == 0 {
		t.Errorf("the second gets %v, want that it is to come back", second)
	}
	if other != nil || public != nil {
		t.Errorf("others get %v and %v", other, public)
	}
	for _, body := range []string{"no form", form} {
		if err := send(all, "ada", strings.NewReader(body)); fault.From(err).Kind == fault.Unavailable {
			t.Errorf("the next one is refused: %v", err)
		}
	}
}

// stalling sends so much of an upload, a piece at a time, and then no more. It returns the first
// line of the answer.
func stalling(t *testing.T, conn net.Conn, form string, n int, every time.Duration) string {
	t.Helper()
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n", boundary, len(form))
	for sent := 0; sent < n; {
		piece := form[sent:min(sent+64<<10, n)]
		_, _ = io.WriteString(conn, piece)
		sent += len(piece)
		<-time.After(every)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	return answer
}

func TestABodyThatStallsIsGivenUp(t *testing.T) {
	form := picture(strings.Repeat("x", 400<<10)) + end
	const pace = time.Second
	for _, tt := range []struct {
		name   string
		n      int
		every  time.Duration
		status string
	}{
		{"nothing arrives", 0, 0, "400 Bad Request"},
		{"a part arrives", 300 << 10, 0, "400 Bad Request"},
		{"all of it arrives, slowly", len(form), pace - time.Millisecond, "200 OK"},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			srv := serveWithin(t, time.Minute, mounted(httpkit.Route{
				Method: http.MethodPost, Path: "/", Access: httpkit.Access{Public: true}, MaxBody: httpkit.MaxUpload,
				Handle: httpkit.File("picture", func(c *httpkit.Call, _ []byte) (httpkit.Reply, error) {
					return httpkit.Reply{Status: http.StatusOK}, outlast(c.Context, 2*pace)
				}),
			}, func(k *httpkit.Kit) { k.Pace(pace) }))
			if answer := stalling(t, dial(t, srv), form, tt.n, tt.every); !strings.Contains(answer, tt.status) {
				t.Fatalf("the answer is %q, want %s", answer, tt.status)
			}
		})
	}
}

// outlast is work that takes longer than a body may stall. It fails when it is interrupted.
func outlast(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
