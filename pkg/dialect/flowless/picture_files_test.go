package flowless_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/url"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// photo returns a small PNG.
func photo(t testing.TB) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for x := range 60 {
		for y := range 40 {
			img.Set(x, y, color.RGBA{R: uint8(4 * x), G: uint8(6 * y), B: uint8(x * y), A: 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// multipartPicture returns a form with one file, and its type.
func multipartPicture(t testing.TB, name, content string) (body, contentType string) {
	t.Helper()
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	part, err := form.CreateFormFile("picture", name)
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), form.FormDataContentType()
}

// picture downloads what a picture_url leads to.
func picture(t testing.TB, s *dialecttest.Server, address string) dialecttest.Response {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r := s.Do(t, dialecttest.Request{Path: u.RequestURI()})
	if r.Status != 200 {
		t.Fatalf("%s: %d %s", address, r.Status, r.Body)
	}
	return r
}
