package httpkit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

const (
	// MaxPicture is the largest file that File takes, in bytes.
	MaxPicture = 5 << 20
	// maxPartHeader is how much of a body may pass before a part begins and after it ends: what
	// the parser reads ahead, and a header that says what ours needs several times over.
	maxPartHeader = 16 << 10
	maxBoundary   = 70 // RFC 2046 section 5.1.1
	// maxHeld is how many bytes of uploads are in memory at once, on all routes of a kit.
	maxHeld = 16 << 20
	// firstStep is how much an upload gets to hold before it has sent anything; what it holds
	// doubles when it is full.
	firstStep = 64 << 10
)

// Errors of uploads.
var (
	errUploadType  = fault.New(fault.Unsupported, "unsupported_media_type", "send multipart/form-data with one file, not encoded")
	errUploadLarge = fault.New(fault.TooLarge, "too_large", "the file is larger than 5 MiB, or the form around it too large")
	errUploadForm  = fault.New(fault.Invalid, "invalid_form", "the body is not a valid multipart form (RFC 7578)")
	errUploadSlow  = fault.New(fault.Invalid, "invalid_form", "the body stopped arriving; send it again")
	errUploadsFull = fault.New(fault.Unavailable, "overloaded", "too many uploads at once; try again").After(2 * time.Second)
	errUploadTwice = fault.New(fault.Unavailable, "overloaded", "another upload of yours is under way; try again").After(2 * time.Second)
)

// File makes a Handler of a function that takes the content of one file: multipart/form-data (RFC
// 7578) with exactly one part, which has this name and is a file of at most MaxPicture bytes. What
// the file is called and what it says it is are ignored. Nothing is written to disk. The route
// must allow bodies of more than MaxPicture bytes (Route.MaxBody); it then gets a minute, as long as
// something arrives. An account sends one file at a time.
func File(field string, h func(c *Call, data []byte) (Reply, error)) Handler {
	return func(c *Call) (Reply, error) {
		if by := c.Actor.User; by != nil {
			if !c.uploads.enter(by.ID) {
				return Reply{}, errUploadTwice
			}
			defer c.uploads.leave(by.ID)
		}
		u := upload{field: field, held: c.uploads}
		defer u.free()
		if err := u.read(c.Request); err != nil {
			return Reply{}, err
		}
		return h(c, u.data)
	}
}

// upload is one file on its way into memory.
type upload struct {
	field string
	held  *held
	taken int64
	data  []byte
}

func (u *upload) free() {
	u.held.give(u.taken)
}

func (u *upload) take(n int64) error {
	if !u.held.take(n) {
		return errUploadsFull
	}
	u.taken += n
	return nil
}

func (u *upload) read(r *http.Request) error {
	boundary, err := formBoundary(r)
	if err != nil {
		return err
	}
	if r.ContentLength > MaxUpload {
		return errUploadLarge
	}
	body := &allowance{r: r.Body, left: maxPartHeader}
	form := multipart.NewReader(body, boundary)
	part, err := form.NextRawPart()
	if err == io.EOF { //nolint:errorlint // wrapped, it is a form that was cut off
		return fault.InvalidField(u.field, "required", u.field+" is required")
	}
	if err == nil {
		err = u.expected(part)
	}
	if err == nil {
		body.left = MaxPicture + maxPartHeader
		err = u.fill(part, r.ContentLength)
	}
	if err != nil {
		return body.fault(err)
	}
	body.left = maxPartHeader
	switch second, err := form.NextRawPart(); {
	case err == io.EOF:
		return nil
	case err != nil:
		return body.fault(err)
	default:
		return u.surplus(second)
	}
}

// formBoundary returns what separates the parts of a form.
func formBoundary(r *http.Request) (string, error) {
	types := r.Header.Values("Content-Type")
	if len(types) != 1 || r.Header.Get("Content-Encoding") != "" {
		return "", errUploadType
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || media != "multipart/form-data" {
		return "", errUploadType
	}
	if b := params["boundary"]; b != "" && len(b) <= maxBoundary {
		return b, nil
	}
	return "", errUploadForm
}

// expected refuses a part that is not the file we want. A name that cannot be read is empty.
func (u *upload) expected(part *multipart.Part) error {
	if part.FormName() != u.field {
		return unknownPart(part)
	}
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if _, isFile := params["filename"]; err != nil || !isFile {
		return fault.InvalidField(u.field, "not_a_file", u.field+" is a file: give the part a filename")
	}
	switch strings.ToLower(part.Header.Get("Content-Transfer-Encoding")) {
	case "", "binary", "8bit", "7bit":
		return nil
	default: // RFC 7578 section 4.7
		return errUploadForm
	}
}

func unknownPart(part *multipart.Part) error {
	name := part.FormName()
	if name == "" {
		return errUploadForm
	}
	return fault.InvalidField(member(jsontext.Pointer(name)), "unknown_field", "there is no such field here")
}

// surplus says what is wrong with a part after the file.
func (u *upload) surplus(part *multipart.Part) error {
	if part.FormName() == u.field {
		return fault.InvalidField(u.field, "duplicate_field", "the field is given twice")
	}
	return unknownPart(part)
}

// fill reads a part into memory. It takes what it holds from what all uploads may hold, in
// proportion to what has arrived: nobody gets much on the strength of a Content-Length alone.
func (u *upload) fill(part io.Reader, length int64) error {
	most := int64(MaxPicture)
	if length >= 0 {
		most = min(most, length) // the part is smaller than the body
	}
	for size := int64(0); size < most; {
		size = min(max(2*size, firstStep), most)
		if err := u.take(size - u.taken); err != nil {
			return err
		}
		// ReadFrom would grow it to see the end, if there were no more room than needed.
		room := bytes.NewBuffer(append(make([]byte, 0, size+bytes.MinRead), u.data...))
		_, err := room.ReadFrom(io.LimitReader(part, size-int64(len(u.data))))
		u.data = room.Bytes()
		if err != nil || int64(len(u.data)) < size {
			return u.empty(err)
		}
	}
	switch n, err := io.ReadFull(part, make([]byte, 1)); {
	case n > 0:
		return errUploadLarge
	case !errors.Is(err, io.EOF):
		return err
	}
	return u.empty(nil)
}

// empty refuses a file without content: what a browser sends when no file was chosen.
func (u *upload) empty(err error) error {
	if err == nil && len(u.data) == 0 {
		return fault.InvalidField(u.field, "required", u.field+" is empty")
	}
	return err
}

// allowance lets a parser read so much and no more.
type allowance struct {
	r     io.Reader
	left  int64
	spent bool // it was asked for more
}

// Read implements io.Reader.
func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		a.spent = true
		return 0, errUploadLarge
	}
	n, err := a.r.Read(p[:min(int64(len(p)), a.left)])
	a.left -= int64(n)
	return n, err
}

// fault makes a fault of what the parser says of a body. It may have more to say of a line that
// was cut off than of the reason.
func (a *allowance) fault(err error) error {
	var known *fault.Error
	var tooLarge *http.MaxBytesError
	switch {
	case a.spent, errors.As(err, &tooLarge), errors.Is(err, multipart.ErrMessageTooLarge):
		return errUploadLarge
	case errors.As(err, &known):
		return known
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errUploadSlow.With(err)
	default:
		return errUploadForm.With(fmt.Errorf("read form: %w", err))
	}
}
