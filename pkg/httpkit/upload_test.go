package httpkit_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

const boundary = "b0undary"

// part returns one part of a form with these lines of header.
func part(content string, header ...string) string {
	return "--" + boundary + "\r\n" + strings.Join(header, "\r\n") + "\r\n\r\n" + content + "\r\n"
}

// picture returns the part that is wanted.
func picture(content string) string {
	return part(content, `Content-Disposition: form-data; name="picture"; filename="me.png"`, "Content-Type: image/png")
}

const end = "--" + boundary + "--\r\n"

// upload has File read a body and returns what the handler got.
func upload(t *testing.T, body io.Reader, change func(*http.Request)) (got []byte, called bool, err error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", body)
	r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, httpkit.MaxUpload)
	if change != nil {
		change(r)
	}
	call, taken := httpkit.WithUploads(&httpkit.Call{Context: t.Context(), Request: r}, 0)
	_, err = httpkit.File("picture", func(_ *httpkit.Call, data []byte) (httpkit.Reply, error) {
		got, called = data, true
		return httpkit.Reply{}, nil
	})(call)
	if n := taken(); n != 0 {
		t.Errorf("%d bytes are still counted as held", n)
	}
	return got, called, err
}

func TestFileTakesOneFile(t *testing.T) {
	largest := strings.Repeat("x", httpkit.MaxPicture)
	named := func(disposition string) func(string) string {
		return func(content string) string {
			return part(content, "Content-Disposition: form-data; "+disposition) + end
		}
	}
	tests := []struct {
		name, content string
		form          func(content string) string
	}{
		{"a file of one byte", "x", func(c string) string { return picture(c) + end }},
		{"a file that looks like a form", "--" + boundary[:5] + "\r\n--\r\n", func(c string) string { return picture(c) + end }},
		{"a file of the largest size", largest, func(c string) string { return picture(c) + end }},
		{"a file somewhat larger than the third step", largest[:300_000], func(c string) string { return picture(c) + end }},
		{"a preamble and an epilogue", "x", func(c string) string { return "hello\r\n" + picture(c) + end + "bye" }},
		{"a name that is a path", "x", named(`name="picture"; filename="../../x.png"`)},
		{"a name with line breaks that are encoded", "x", named(`name="picture"; filename="a%0d%0aX-Evil: 1"`)},
		{"a name with a quote in it", "x", named(`name="picture"; filename="a\"; name=\"other"`)},
		{"a name by RFC 5987", "x", named(`name="picture"; filename="x"; filename*=utf-8''%0d%0a..%2fx`)},
		{"no name to speak of", "x", named(`name="picture"; filename=""`)},
		{"an encoding that is none", "x", func(c string) string {
			return part(c, `Content-Disposition: form-data; name="picture"; filename="a"`, "Content-Transfer-Encoding: Binary") + end
		}},
	}
	for _, tt := range tests {
		for how, wrap := range map[string]func(io.Reader) io.Reader{
			"whole":                   func(r io.Reader) io.Reader { return r },
			"of unknown length":       func(r io.Reader) io.Reader { return struct{ io.Reader }{r} },
			"arriving half at a time": func(r io.Reader) io.Reader { return iotest.HalfReader(r) },
		} {
			t.Run(tt.name+", "+how, func(t *testing.T) {
				got, called, err := upload(t, wrap(strings.NewReader(tt.form(tt.content))), nil)
				if err != nil || !called || string(got) != tt.content {
					t.Fatalf("got %d bytes, called %v, error %v", len(got), called, err)
				}
			})
		}
	}
}

// refusal is what File says of a form that it does not take.
type refusal struct {
	name  string
	body  string
	kind  fault.Kind
	field string // and its code, as in "picture required"
}

func refusals() []refusal {
	field := `Content-Disposition: form-data; name="picture"; filename="me.png"`
	many := strings.Repeat(part("x", `Content-Disposition: form-data; name="a"`), 10_000)
	return []refusal{
		{"a file that is too large by a byte", picture(strings.Repeat("x", httpkit.MaxPicture+1)) + end, fault.TooLarge, ""},
		{"a body that is too large", picture(strings.Repeat("x", 100<<20)) + end, fault.TooLarge, ""},
		{"an empty file", picture("") + end, fault.Invalid, "picture required"},
		{"a form without parts", end, fault.Invalid, "picture required"},
		{"no body", "", fault.Invalid, ""},
		{"another field", part("x", `Content-Disposition: form-data; name="title"`) + picture("x") + end, fault.Invalid, "title unknown_field"},
		{"another field after the file", picture("x") + part("x", `Content-Disposition: form-data; name="title"`) + end, fault.Invalid, "title unknown_field"},
		{"a file of another name", part("x", `Content-Disposition: form-data; name="avatar"; filename="x"`) + end, fault.Invalid, "avatar unknown_field"},
		{"a name in another case", part("x", `Content-Disposition: form-data; name="Picture"; filename="x"`) + end, fault.Invalid, "Picture unknown_field"},
		{"two files", picture("x") + picture("y") + end, fault.Invalid, "picture duplicate_field"},
		{"10 000 parts", many + end, fault.Invalid, "a unknown_field"},
		{"10 000 parts after the file", picture("x") + many + end, fault.Invalid, "a unknown_field"},
		{"a name of 1000 bytes", part("x", `Content-Disposition: form-data; name="`+strings.Repeat("n", 1000)+`"`) + end, fault.Invalid, strings.Repeat("n", 64) + "... unknown_field"},
		{"a field that is no file", part("x", `Content-Disposition: form-data; name="picture"`) + end, fault.Invalid, "picture not_a_file"},
		{"a part without a header", "--" + boundary + "\r\n\r\nx\r\n" + end, fault.Invalid, ""},
		{"a part that is no form data", part("x", `Content-Disposition: attachment; name="picture"; filename="x"`) + end, fault.Invalid, ""},
		{"a quoted-printable part", part("x", field, "Content-Transfer-Encoding: quoted-printable") + end, fault.Invalid, ""},
		{"a base64 part", part("eA==", field, "Content-Transfer-Encoding: base64") + end, fault.Invalid, ""},
		{"a line break in the file name", part("x", "Content-Disposition: form-data; name=\"picture\"; filename=\"a\r\nX-Evil: 1\"") + end, fault.Invalid, ""},
		{"a line without a colon in the file name", part("x", "Content-Disposition: form-data; name=\"picture\"; filename=\"a\r\nb\"") + end, fault.Invalid, ""},
		{"a part header of 1 MB", part("x", field, "X-Large: "+strings.Repeat("x", 1<<20)) + end, fault.TooLarge, ""},
		{"a part header of 1 MB in short lines", part("x", field+strings.Repeat("\r\nX-A: x", 130_000)) + end, fault.TooLarge, ""},
		{"a preamble of 1 MB", strings.Repeat("x\r\n", 350_000) + picture("x") + end, fault.TooLarge, ""},
		{"a second header of 1 MB", picture("x") + part("x", "X-Large: "+strings.Repeat("x", 1<<20)) + end, fault.TooLarge, ""},
		{"a form that stops in a header", picture("x")[:30], fault.Invalid, ""},
		{"a form that stops in the file", strings.TrimSuffix(picture("abc"), "c\r\n"), fault.Invalid, ""},
		{"a form without an end", picture("x"), fault.Invalid, ""},
		{"another boundary", strings.ReplaceAll(picture("x")+end, boundary, "other"), fault.Invalid, ""},
		{"a form that stops in the boundary after the file", picture("x") + "--" + boundary, fault.Invalid, ""},
		{"a form that stops in the first boundary", "--" + boundary, fault.Invalid, ""},
	}
}

func TestFileRefusesEverythingElse(t *testing.T) {
	for _, tt := range refusals() {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %v", tt.name, chunked), func(t *testing.T) {
				var body io.Reader = strings.NewReader(tt.body)
				if chunked {
					body = struct{ io.Reader }{body}
				}
				_, called, err := upload(t, body, nil)
				var f *fault.Error
				if called || !errors.As(err, &f) || f.Kind != tt.kind {
					t.Fatalf("called %v, error %v, want kind %d", called, err, tt.kind)
				}
				got := ""
				if len(f.Fields) > 0 {
					got = f.Fields[0].Field + " " + f.Fields[0].Code
				}
				if got != tt.field {
					t.Fatalf("it refuses %q, want %q", got, tt.field)
				}
			})
		}
	}
}

func TestFileTakesMultipartFormsOnly(t *testing.T) {
	set := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	form := "multipart/form-data; boundary=" + boundary
	tests := []struct {
		name   string
		change func(*http.Request)
		kind   fault.Kind
	}{
		{"a picture without a form", set("Content-Type", "image/png"), fault.Unsupported},
		{"JSON", set("Content-Type", "application/json"), fault.Unsupported},
		{"no type", set("Content-Type"), fault.Unsupported},
		{"two types", set("Content-Type", form, form), fault.Unsupported},
		{"another multipart", set("Content-Type", "multipart/mixed; boundary="+boundary), fault.Unsupported},
		{"a type that cannot be read", set("Content-Type", form+"; boundary=x"), fault.Unsupported},
		{"a compressed form", set("Content-Encoding", "gzip"), fault.Unsupported},
		{"no boundary", set("Content-Type", "multipart/form-data"), fault.Invalid},
		{"a boundary of 71 characters", set("Content-Type", "multipart/form-data; boundary="+strings.Repeat("b", 71)), fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, called, err := upload(t, strings.NewReader(picture("x")+end), tt.change)
			var f *fault.Error
			if called || !errors.As(err, &f) || f.Kind != tt.kind {
				t.Fatalf("called %v, error %v, want kind %d", called, err, tt.kind)
			}
		})
	}
}

func TestUploadsTogetherHoldNoMoreThanTheirShare(t *testing.T) {
	form := picture(strings.Repeat("x", 1<<20)) + end
	tests := []struct {
		name   string
		others int64
		ok     bool
	}{
		{"room for all of it", httpkit.MaxHeld - int64(len(form)), true},
		{"room for its beginning only", httpkit.MaxHeld - 1<<19, false},
		{"no room", httpkit.MaxHeld, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form))
			r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
			call, taken := httpkit.WithUploads(&httpkit.Call{Context: t.Context(), Request: r}, tt.others)
			var during int64
			_, err := httpkit.File("picture", func(*httpkit.Call, []byte) (httpkit.Reply, error) {
				during = taken()
				return httpkit.Reply{}, nil
			})(call)
			var f *fault.Error
			if tt.ok && (err != nil || during < 1<<20) {
				t.Fatalf("error %v, %d bytes were counted", err, during)
			}
			if !tt.ok && (!errors.As(err, &f) || f.Kind != fault.Unavailable || f.RetryAfter == 0) {
				t.Fatalf("error %v, want one that says to come back", err)
			}
			if taken() != 0 {
				t.Errorf("%d bytes are still counted", taken())
			}
		})
	}
}

// endless is a body that never ends and counts what was read of it.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	e.n += len(p)
	return copy(p, bytes.Repeat([]byte("x"), len(p))), nil
}

func TestFileStopsReadingWhatIsTooLarge(t *testing.T) {
	body := &endless{}
	before := allocated()
	_, _, err := upload(t, io.MultiReader(strings.NewReader(strings.TrimSuffix(picture(""), "\r\n")), body), nil)
	if f := fault.From(err); f.Kind != fault.TooLarge {
		t.Fatalf("error %v", err)
	}
	if body.n > httpkit.MaxUpload {
		t.Errorf("it read %d bytes", body.n)
	}
	// Twice: what the test itself makes is in it too.
	if used := allocated() - before; used > 4*httpkit.MaxUpload {
		t.Errorf("it allocated %d bytes", used)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestFileLeavesNothingOnDisk(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	if _, _, err := upload(t, strings.NewReader(picture(strings.Repeat("x", httpkit.MaxPicture))+end), nil); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Fatalf("there is %v (error %v)", files, err)
	}
}

// FuzzFile holds that a file comes through only as it was sent, and that a refusal is the sender's.
func FuzzFile(f *testing.F) {
	for _, r := range refusals() {
		if len(r.body) < 10_000 {
			f.Add([]byte(r.body))
		}
	}
	f.Add([]byte(picture("x") + end))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, called, err := upload(t, bytes.NewReader(body), nil)
		switch {
		case err == nil && (!called || len(got) == 0 || !bytes.Contains(body, got)):
			t.Fatalf("%q gives %q", body, got)
		case err != nil:
			if k := fault.From(err).Kind; called || k != fault.Invalid && k != fault.TooLarge {
				t.Fatalf("%q is refused with %v", body, err)
			}
		}
	})
}

// A slow telephone gets more time than the server gives to requests that bring no file.
func TestARouteThatTakesFilesWaitsForASlowSender(t *testing.T) {
	for _, tt := range []struct {
		name    string
		maxBody int64
		status  string
	}{
		{"a route that takes files", httpkit.MaxUpload, "200 OK"},
		{"any other", 0, "400 Bad Request"},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			srv := serveWithin(t, 300*time.Millisecond, mounted(httpkit.Route{
				Method: http.MethodPost, Path: "/", Access: httpkit.Access{Public: true}, MaxBody: tt.maxBody,
				Handle: httpkit.File("picture", func(*httpkit.Call, []byte) (httpkit.Reply, error) {
					return httpkit.Reply{Status: http.StatusOK}, nil
				}),
			}))
			conn := dial(t, srv)
			form := picture("x") + end
			fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n", boundary, len(form))
			var answer string
			got := make(chan struct{})
			go func() {
				defer close(got)
				answer, _ = bufio.NewReader(conn).ReadString('\n')
			}()
			select { // longer than the server waits for others
			case <-got:
			case <-time.After(700 * time.Millisecond):
				fmt.Fprint(conn, form)
				<-got
			}
			if !strings.Contains(answer, tt.status) {
				t.Fatalf("the answer is %q, want %s", answer, tt.status)
			}
		})
	}
}
