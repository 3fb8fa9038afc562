package pages

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxLogo is the largest logo, in bytes: it is loaded before anybody can sign in.
const maxLogo = 256 << 10

// Brand is whose pages these are.
type Brand struct {
	Name  string
	Color string // #rrggbb, on which white text can be read
	Logo  Logo   // the zero value is none: the name stands there instead
}

// Logo is a picture, ready to serve.
type Logo struct {
	Type    string // media type
	Content []byte
}

// ReadLogo reads a PNG, JPEG, WebP or SVG file of at most 256 KiB. The content decides what it
// is, not the file's name. An SVG may carry scripts: they are dead where it is used, as a picture
// under a policy that allows none.
func ReadLogo(path string) (Logo, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return Logo{}, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxLogo+1))
	if err != nil {
		return Logo{}, err
	}
	if len(content) > maxLogo {
		return Logo{}, fmt.Errorf("%s is larger than %d KiB", path, maxLogo>>10)
	}
	if t := pictureType(content); t != "" {
		return Logo{Type: t, Content: content}, nil
	}
	return Logo{}, fmt.Errorf("%s is none of PNG, JPEG, WebP and SVG", path)
}

func pictureType(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case len(b) > 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return "image/webp"
	case isSVG(b):
		return "image/svg+xml"
	default:
		return ""
	}
}

// isSVG reports whether b is well-formed XML whose root is an SVG.
func isSVG(b []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(b))
	root := ""
	for {
		t, err := d.Token()
		if err != nil {
			return errors.Is(err, io.EOF) && root == "http://www.w3.org/2000/svg svg"
		}
		if e, ok := t.(xml.StartElement); ok && root == "" {
			root = e.Name.Space + " " + e.Name.Local
		}
	}
}
