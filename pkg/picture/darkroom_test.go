package picture_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/picture"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func develop(t testing.TB, data []byte) (store.Blob, error) {
	t.Helper()
	room := new(picture.Darkroom)
	room.Limit(time.Hour) // with the race detector, on a busy machine
	return room.Develop(t.Context(), data)
}

// shown returns the picture that was made of data, and its media type.
func shown(t testing.TB, data []byte) (image.Image, string) {
	t.Helper()
	b, err := develop(t, data)
	if err != nil {
		t.Fatal(err)
	}
	decode := jpeg.Decode
	if b.Type == picture.PNG {
		decode = png.Decode
	}
	m, err := decode(bytes.NewReader(b.Data))
	if err != nil {
		t.Fatal(err)
	}
	return m, b.Type
}

// like reports whether two colours are much the same.
func like(a, b color.Color) bool {
	near := func(x, y uint32) bool { return max(x, y)-min(x, y) < 0x1800 }
	r, g, bl, al := a.RGBA()
	r2, g2, b2, a2 := b.RGBA()
	return near(r, r2) && near(g, g2) && near(bl, b2) && near(al, a2)
}

func TestEveryFormatBecomesASmallPicture(t *testing.T) {
	wide := halves(2000, 1000, red, blue)
	none := color.NRGBA{}
	tests := []struct {
		name  string
		data  []byte
		size  image.Point
		kind  string
		right color.Color
	}{
		{"a PNG", asPNG(t, halves(48, 32, red, blue)), image.Pt(48, 32), picture.JPEG, blue},
		{"a PNG one can see through", asPNG(t, halves(48, 32, red, none)), image.Pt(48, 32), picture.PNG, none},
		{"a JPEG", asJPEG(t, halves(48, 32, red, blue)), image.Pt(48, 32), picture.JPEG, blue},
		{"a GIF", asGIF(t, halves(48, 32, red, blue)), image.Pt(48, 32), picture.JPEG, blue},
		{"a GIF one can see through", asGIF(t, paletted(48, 32, red, none)), image.Pt(48, 32), picture.PNG, none},
		{"a lossy WebP", unbase64(t, lossyWebP), image.Pt(48, 32), picture.JPEG, blue},
		{"a lossless WebP", unbase64(t, losslessWebP), image.Pt(48, 32), picture.JPEG, blue},
		{"a WebP one can see through", unbase64(t, seeThroughWebP), image.Pt(48, 32), picture.PNG, none},
		{"a large PNG", asPNG(t, wide), image.Pt(512, 256), picture.JPEG, blue},
		{"a large JPEG", asJPEG(t, wide), image.Pt(512, 256), picture.JPEG, blue},
		{"a high one", asPNG(t, halves(300, 900, red, blue)), image.Pt(170, 512), picture.JPEG, blue},
		{"a line", asPNG(t, halves(4096, 1, red, blue)), image.Pt(512, 1), picture.JPEG, blue},
		{"16 bits a sample", asPNG(t, deep(48, 32, red, blue)), image.Pt(48, 32), picture.JPEG, blue},
		{"one pixel", asPNG(t, halves(1, 1, blue, blue)), image.Pt(1, 1), picture.JPEG, blue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, kind := shown(t, tt.data)
			if m.Bounds().Size() != tt.size || kind != tt.kind {
				t.Fatalf("it is %s of %v, want %s of %v", kind, m.Bounds(), tt.kind, tt.size)
			}
			w, h := tt.size.X, tt.size.Y
			if w > 1 && !like(m.At(w/8, h/2), red) || !like(m.At(w-1-w/8, h/2), tt.right) {
				t.Fatalf("it shows %v and %v", m.At(w/8, h/2), m.At(w-1-w/8, h/2))
			}
		})
	}
}

func paletted(w, h int, left, right color.Color) *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{left, right})
	for i := range m.Pix {
		if i%w >= w/2 {
			m.Pix[i] = 1
		}
	}
	return m
}

func deep(w, h int, left, right color.Color) *image.NRGBA64 {
	m := image.NewNRGBA64(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, map[bool]color.Color{true: left, false: right}[x < w/2])
		}
	}
	return m
}

// refusal returns the code of the field that an error refuses, empty when it refuses none.
func refusal(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Field != "picture" {
		return ""
	}
	return f.Fields[0].Code
}

// trouble is what is no picture that we take.
type trouble struct {
	name string
	data []byte
	code string
}

func troubles(t testing.TB) []trouble {
	whole := asJPEG(t, noise(200, 200))
	square := func(n uint32, depth, colour uint8) []byte {
		return pngHeader{width: n, height: n, depth: depth, colour: colour}.file(100)
	}
	no, many := "not_a_picture", "too_many_pixels"
	list := []trouble{
		{"nothing", nil, no},
		{"text", []byte("hello"), no},
		{"an SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), no},
		{"an SVG with a declaration", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), no},
		{"HTML", []byte("<!doctype html><script>alert(1)</script>"), no},
		{"HTML that begins as a PNG", []byte("\x89PNG\r\n\x1a\n<script>alert(1)</script>"), no},
		{"HTML that begins as a GIF", []byte("GIF89a=1;</script><script>alert(1)</script>"), many}, // its text says so
		{"HTML that begins as a small GIF", []byte("GIF89a/\x00/\x00=1;</script><script>alert(1)</script>"), no},
		{"HTML that begins as a JPEG", []byte("\xff\xd8\xff<script>alert(1)</script>"), no},
		{"a BMP", []byte("BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00"), no},
		{"a TIFF", []byte("II*\x00\x08\x00\x00\x00\x00\x00"), no},
		{"an AVI", []byte("RIFF\x10\x00\x00\x00AVI LIST"), no},
		{"a GIF that is an archive", withArchive(t, asGIF(t, halves(8, 8, red, blue))), no},
		{"a JPEG that is an archive", withArchive(t, whole), no},
		{"the beginning of a JPEG", whole[:len(whole)/2], no},
		{"a JPEG without its pixels", whole[:bytes.Index(whole, []byte("\xff\xda"))+20], no},
		{"the beginning of a PNG", asPNG(t, noise(200, 200))[:5000], no},
		{"a PNG whose pixels are few", pngHeader{width: 100, height: 100, depth: 8, colour: 6}.file(1000), no},
		{"a PNG with a flipped bit", flipped(asPNG(t, noise(200, 200)), 2000), no},
		{"a WebP that is cut off", unbase64(t, lossyWebP)[:500], no},
		{"a WebP that says it is long", long(unbase64(t, lossyWebP)), no},
		{"an animated WebP", append([]byte("RIFF\x2e\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x07\x00\x00\x07\x00\x00"), "ANIM\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...), no},
		{"a PNG without size", square(0, 8, 2), no},
		{"a PNG of 50000x50000", square(50_000, 1, 0), many},
		{"a PNG of 4097 pixels in a line", pngHeader{width: 4097, height: 1, depth: 8, colour: 2}.file(4097*3 + 1), many},
		{"a GIF of 65535x65535", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), many},
		{"a JPEG of 65535x65535", []byte("\xff\xd8" + frame(0xc0, 65535, 65535, "\x01\x11\x00") + segment(0xda, "\x01\x01\x00\x00\x3f\x00")), many},
		{"a PNG of 16 bits that takes 128 MiB", square(4096, 16, 6), many},
		{"a progressive JPEG that takes 240 MiB", []byte("\xff\xd8" + frame(0xc2, 4096, 4096, "\x01\x11\x00", "\x02\x11\x00", "\x03\x11\x00") + segment(0xda, "\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00")), many},
		{"a WebP of 999 groups of large trees", trees(600, 600, 999), many},
		{"a WebP of more groups than there are", trees(600, 600, 2601), no},
		{"a WebP whose trees are cut off", cutOff(trees(600, 600, 20), 2000), no},
		{"a JPEG of 1000 scans", append(bytes.Clone(whole), strings.Repeat(segment(0xda, "\x01\x01\x00\x00\x3f\x00"), 1000)...), no},
	}
	return list
}

// noise returns a picture that does not compress.
func noise(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	state := uint32(1)
	for i := range m.Pix {
		state = state*1664525 + 1013904223
		m.Pix[i] = uint8(state >> 24)
	}
	return m
}

func flipped(data []byte, at int) []byte {
	data[at] ^= 0x10
	return data
}

// long makes a WebP, and the chunk in it, one of 2 GB.
func long(data []byte) []byte {
	binary.LittleEndian.PutUint32(data[4:], 0x7fffff00)
	at := bytes.Index(data, []byte("VP8 "))
	binary.LittleEndian.PutUint32(data[at+4:], 0x7ffff000)
	return data
}

// cutOff makes a lossless WebP whose only chunk has so many bytes.
func cutOff(data []byte, n int) []byte {
	binary.LittleEndian.PutUint32(data[4:], uint32(n+12))
	binary.LittleEndian.PutUint32(data[16:], uint32(n))
	return data[:n+20]
}

// withArchive puts a ZIP archive behind a file.
func withArchive(t testing.TB, data []byte) []byte {
	t.Helper()
	out := bytes.NewBuffer(bytes.Clone(data))
	z := zip.NewWriter(out)
	z.SetOffset(int64(len(data)))
	w, err := z.Create("Evil.class")
	if err == nil {
		_, err = io.WriteString(w, "evil")
	}
	if err = errors.Join(err, z.SetComment("hello"), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWhatIsNoPictureIsRefusedAtLittleCost(t *testing.T) {
	for _, tt := range troubles(t) {
		t.Run(tt.name, func(t *testing.T) {
			before := allocated()
			_, err := develop(t, tt.data)
			used := allocated() - before
			if code := refusal(err); code != tt.code {
				t.Fatalf("it is refused as %q (error %v), want %q", code, err, tt.code)
			}
			t.Logf("%d KiB for a file of %d", used>>10, len(tt.data)>>10)
			if used > 1<<20 {
				t.Errorf("it took %d KiB", used>>10)
			}
		})
	}
}

// A picture is made of pixels: nothing that a file says of itself is in it.
func TestNothingButPixelsIsKept(t *testing.T) {
	secrets := []string{"GPS", "52.5200", "ICC_PROFILE", "Google", "comment", "<script>", "trailing", "PK\x03\x04", "Exif", "http://ns.adobe.com"}
	plain := asJPEG(t, halves(48, 32, red, blue))
	dressed := withSegment(plain, exif(binary.BigEndian, 1)+
		segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>GPS 52.5200</x:xmpmeta>")+
		segment(0xe2, "ICC_PROFILE\x00\x01\x01profile")+segment(0xfe, "comment <script>alert(1)</script>"))
	dressedPNG := asPNG(t, halves(48, 32, red, color.NRGBA{}))
	text := new(bytes.Buffer)
	pngChunk(text, "eXIf", []byte("MM\x00*GPS 52.5200"))
	pngChunk(text, "tEXt", []byte("Comment\x00comment <script>"))
	pngChunk(text, "iCCP", []byte("ICC_PROFILE\x00\x00x"))
	dressedPNG = append(append(bytes.Clone(dressedPNG[:33]), text.Bytes()...), dressedPNG[33:]...)
	for name, data := range map[string][]byte{
		"a JPEG":              append(dressed, "trailing <script>PK\x03\x04"...),
		"a PNG":               append(dressedPNG, "trailing <script>"...),
		"a GIF":               append(asGIF(t, halves(48, 32, red, blue)), "trailing <script>"...),
		"a WebP":              append(unbase64(t, lossyWebP), "trailing <script>"...),
		"a transparent WebP":  unbase64(t, seeThroughWebP),
		"a JPEG without them": plain,
	} {
		t.Run(name, func(t *testing.T) {
			b, err := develop(t, data)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range secrets {
				if bytes.Contains(b.Data, []byte(s)) {
					t.Errorf("%q is in what was made of it", s)
				}
			}
		})
	}
	b, err := develop(t, plain)
	if err != nil {
		t.Fatal(err)
	}
	if dressed, err := develop(t, dressed); err != nil || !bytes.Equal(dressed.Data, b.Data) {
		t.Errorf("the same pixels give another file (error %v)", err)
	}
}

// Only the first frame of a GIF is looked at, however many there are.
func TestAGIFOfTenThousandFramesCostsNoMoreThanOne(t *testing.T) {
	one := &gif.GIF{Config: image.Config{Width: 600, Height: 600}}
	one.Image, one.Delay = []*image.Paletted{paletted(600, 600, red, blue)}, []int{1}
	data := encoded(t, func(w io.Writer) error { return gif.EncodeAll(w, one) })
	descriptor := bytes.LastIndex(data, []byte{0x2c, 0, 0, 0, 0})
	first, again := data[:len(data)-1], data[descriptor:len(data)-1]
	many := append(bytes.Clone(first), bytes.Repeat(again, 10_000)...)
	measure := func(data []byte) float64 {
		return testing.AllocsPerRun(1, func() {
			if _, err := develop(t, append(data, 0x3b)); err != nil {
				t.Fatal(err)
			}
		})
	}
	if of1, ofMany := measure(first), measure(many); ofMany > 2*of1+100 {
		t.Errorf("one frame takes %.0f allocations, 10 000 take %.0f", of1, ofMany)
	}
	m, _ := shown(t, append(many, 0x3b))
	if m.Bounds().Dx() != 512 || !like(m.At(10, 10), red) {
		t.Errorf("it shows %v at %v", m.At(10, 10), m.Bounds())
	}
}

func TestADecoderThatPanicsIsNobodysTroubleButTheSenders(t *testing.T) {
	err := picture.Decode(t.Context(), func() (image.Image, error) { panic("index out of range") })
	if err == nil || strings.Contains(err.Error(), "out of range") {
		t.Fatalf("the error is %v", err)
	}
}

func TestWorkEndsWithTheRequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := new(picture.Darkroom).Develop(ctx, asPNG(t, halves(48, 32, red, blue)))
	if f := fault.From(err); f.Kind != fault.Unavailable {
		t.Fatalf("error %v, want one that says to come back", err)
	}
}

// Others may have had the processors: it is no fault of the picture.
func TestAPictureThatTakesTooLongMayComeAgain(t *testing.T) {
	var room picture.Darkroom
	room.Limit(time.Nanosecond)
	_, err := room.Develop(t.Context(), asPNG(t, halves(48, 32, red, blue)))
	if f := fault.From(err); f.Kind != fault.Unavailable || f.RetryAfter == 0 {
		t.Fatalf("error %v, want one that says to come back", err)
	}
}

func TestWhoFindsNoPlaceWaitsAsLongAsTheirRequest(t *testing.T) {
	var room picture.Darkroom
	if err := room.Take(t.Context(), picture.MaxMemory); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := room.Develop(ctx, asPNG(t, halves(48, 32, red, blue)))
	if f := fault.From(err); f.Kind != fault.Unavailable || f.RetryAfter == 0 {
		t.Fatalf("error %v, want one that says to come back", err)
	}
}

func TestNoiseThatOneCanSeeThroughIsMadeSmallEnoughToKeep(t *testing.T) {
	b, err := develop(t, asPNG(t, noise(514, 514)))
	if err != nil || b.Type != picture.PNG || len(b.Data) > store.MaxBlob {
		t.Fatalf("got %s of %d bytes, error %v", b.Type, len(b.Data), err)
	}
}

// What others in the process allocate is no reason to refuse a picture.
func TestAPictureIsTakenWhateverElseUsesMemory(t *testing.T) {
	data := asJPEG(t, halves(2000, 1500, red, blue))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		var others [][]byte
		for {
			select {
			case <-stop:
				return
			default:
				if others = append(others, make([]byte, 1<<20)); len(others) > 60 {
					others = nil
				}
			}
		}
	}()
	for range 5 {
		if _, err := develop(t, data); err != nil {
			t.Errorf("error %v", err)
		}
	}
	close(stop)
	<-stopped
}
