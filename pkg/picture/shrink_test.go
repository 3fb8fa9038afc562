package picture_test

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"math"
	"runtime"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/picture"
)

func shrunk(t testing.TB, m image.Image, side int) *image.RGBA {
	t.Helper()
	small, err := picture.Shrink(t.Context(), m, side)
	if err != nil {
		t.Fatal(err)
	}
	return small
}

func TestAPictureThatFitsStaysAsItIs(t *testing.T) {
	m := noise(40, 30)
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	got := shrunk(t, m, 40)
	for y := range 30 {
		for x := range 40 {
			if got.RGBAAt(x, y) != color.RGBAModel.Convert(m.At(x, y)) {
				t.Fatalf("the pixel at %d, %d is %v, want %v", x, y, got.At(x, y), m.At(x, y))
			}
		}
	}
}

// The mean of what a pixel covers, computed in the plainest way.
func TestAPixelIsTheMeanOfWhatItCovers(t *testing.T) {
	for _, size := range [][3]int{{64, 64, 16}, {100, 70, 33}, {70, 100, 33}, {7, 200, 19}, {33, 33, 32}, {101, 1, 10}} {
		w, h, side := size[0], size[1], size[2]
		t.Run(fmt.Sprint(w, h, side), func(t *testing.T) {
			m := noise(w+3, h+5).SubImage(image.Rect(3, 5, w+3, h+5))
			got := shrunk(t, m, side)
			dw, dh := got.Rect.Dx(), got.Rect.Dy()
			if max(dw, dh) != side {
				t.Fatalf("it is %v", got.Rect)
			}
			for y := range dh {
				for x := range dw {
					want := mean(m, float64(w)/float64(dw), float64(h)/float64(dh), x, y)
					at := got.RGBAAt(x, y)
					for c, v := range []uint8{at.R, at.G, at.B, at.A} {
						if math.Abs(float64(v)-want[c]) > 1.5 { // draw rounds each pixel down, we the mean
							t.Fatalf("the pixel at %d, %d is %v, want %v", x, y, at, want)
						}
					}
				}
			}
		})
	}
}

// mean returns the mean colour of the pixels that pixel x, y of a smaller picture covers.
func mean(m image.Image, sx, sy float64, x, y int) (sum [4]float64) {
	overlap := func(i int, from, to float64) float64 { return max(0, min(to, float64(i+1))-max(from, float64(i))) }
	b := m.Bounds()
	for j := range b.Dy() {
		for i := range b.Dx() {
			area := overlap(i, float64(x)*sx, float64(x+1)*sx) * overlap(j, float64(y)*sy, float64(y+1)*sy) / (sx * sy)
			if area == 0 {
				continue
			}
			r, g, bl, a := m.At(b.Min.X+i, b.Min.Y+j).RGBA()
			for c, v := range []uint32{r, g, bl, a} {
				sum[c] += area * float64(v) / 257
			}
		}
	}
	return sum
}

// Colours at the corners of a picture: top left, top right, bottom left, bottom right.
func corners(m image.Image) string {
	b := m.Bounds()
	names := ""
	for _, p := range []image.Point{{b.Min.X, b.Min.Y}, {b.Max.X - 1, b.Min.Y}, {b.Min.X, b.Max.Y - 1}, {b.Max.X - 1, b.Max.Y - 1}} {
		for name, c := range map[string]color.Color{
			"R": red, "B": blue, "G": color.NRGBA{G: 0xc0, A: 0xff}, "W": color.White,
		} {
			if like(m.At(p.X, p.Y), c) {
				names += name
			}
		}
	}
	return names
}

// The file holds what was seen after it was turned; what comes out is as it was seen.
func TestAPictureIsTurnedAsItsCameraSays(t *testing.T) {
	upright := image.NewNRGBA(image.Rect(0, 0, 64, 32))
	for y := range 32 {
		for x := range 64 {
			upright.Set(x, y, [2][2]color.Color{{red, blue}, {color.NRGBA{G: 0xc0, A: 0xff}, color.White}}[y/16][x/32])
		}
	}
	file := asJPEG(t, upright) // its corners are RBGW
	for orientation, want := range map[uint16]string{
		1: "RBGW", 2: "BRWG", 3: "WGBR", 4: "GWRB", 5: "RGBW", 6: "GRWB", 7: "WBGR", 8: "BWRG", 0: "RBGW", 9: "RBGW", 0x0600: "RBGW",
	} {
		for name, segment := range map[string]string{
			"little": exif(binary.LittleEndian, orientation), "big": exif(binary.BigEndian, orientation),
		} {
			m, _ := shown(t, withSegment(file, segment))
			turned := orientation >= 5 && orientation <= 8
			if got := corners(m); got != want || (m.Bounds().Dx() == 32) != turned {
				t.Errorf("orientation %d, %s end first, gives %s of %v, want %s", orientation, name, got, m.Bounds(), want)
			}
		}
	}
}

func TestMemoryIsWhatDecodingTakes(t *testing.T) {
	const px = 1024 * 1024
	three := func(luma string) []string { return []string{"\x01" + luma + "\x00", "\x02\x11\x01", "\x03\x11\x01"} }
	four := append(three("\x11"), "\x04\x11\x00")
	rgb := []string{"R\x11\x00", "G\x11\x00", "B\x11\x00"}
	jpegOf := func(before string, marker byte, components []string) []byte {
		return []byte("\xff\xd8" + before + frame(marker, 1024, 1024, components...) + segment(0xda, "\x01\x01\x00\x00\x3f\x00"))
	}
	adobe := func(transform string) string { return segment(0xee, "Adobe\x00\x64\x00\x00\x00\x00"+transform) }
	pngOf := func(depth, colour, interlace uint8) []byte {
		return pngHeader{width: 1024, height: 1024, depth: depth, colour: colour, interlace: interlace}.file(10)
	}
	tests := []struct {
		name  string
		data  []byte
		bytes float64 // for a pixel
	}{
		{"a grey JPEG", jpegOf("", 0xc0, []string{"\x01\x22\x00"}), 1},
		{"a JPEG with colours of full size", jpegOf("", 0xc0, three("\x11")), 3},
		{"a JPEG with colours of a quarter", jpegOf("", 0xc1, three("\x22")), 1.5},
		{"a progressive JPEG with colours of a quarter", jpegOf("", 0xc2, three("\x22")), 7.5},
		{"a JPEG in red, green and blue", jpegOf("", 0xc0, rgb), 7},
		{"a JPEG in red, green and blue, as Adobe says", jpegOf(adobe("\x00"), 0xc0, three("\x11")), 7},
		{"a JPEG from Adobe", jpegOf(adobe("\x01"), 0xc0, three("\x11")), 3},
		{"a JPEG for printing", jpegOf(adobe("\x02"), 0xc0, four), 8},
		{"a JPEG that begins oddly", jpegOf(segment(0xfe, "c")+"oddly", 0xc0, three("\x22")), 24},
		{"a JPEG with a marker without length", jpegOf("\xff\xd0", 0xc0, three("\x22")), 24},
		{"a PNG with colours", pngOf(8, 2, 0), 4},
		{"a PNG of grey", pngOf(8, 0, 0), 4},
		{"a PNG with a palette", pngOf(8, 3, 0), 1},
		{"a PNG of 16 bits", pngOf(16, 6, 0), 8},
		{"an interlaced PNG", pngOf(8, 6, 1), 8},
		{"a JPEG that Adobe says is red, green and blue after its first scan", append(jpegOf("", 0xc2, three("\x11")), adobe("\x00")...), 19},
		{"a GIF", []byte("GIF89a\x00\x04\x00\x04\x00\x00\x00"), 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := picture.Examine(tt.data)
			if err != nil || got != int64(px*tt.bytes) {
				t.Fatalf("it is to take %.2f bytes a pixel (error %v), want %.2f", float64(got)/px, err, tt.bytes)
			}
		})
	}
}

// What decoders allocate is never more than what was foreseen, and what was foreseen not much more.
func TestMemoryThatWasForeseenIsEnough(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 1024, 1024))
	for name, data := range map[string][]byte{
		"a JPEG":                      asJPEG(t, noise(1024, 1024)),
		"a grey JPEG":                 asJPEG(t, gray),
		"a PNG":                       asPNG(t, noise(1024, 1024)),
		"a GIF":                       asGIF(t, paletted(1024, 1024, red, blue)),
		"a lossy WebP":                unbase64(t, lossyWebP),
		"a lossless WebP":             unbase64(t, losslessWebP),
		"a WebP one can see through":  unbase64(t, seeThroughWebP),
		"a WebP of a few large trees": trees(600, 600, 20),
		"a WebP of many large trees":  trees(600, 600, 500),
	} {
		want, _, err := picture.Examine(data)
		if err != nil {
			t.Fatal(name, err)
		}
		before := allocated()
		if err := picture.DecodeAlone(data); err != nil {
			t.Fatal(name, err)
		}
		if got := int64(allocated() - before); got > want+want/20+100_000 || want > 3*got+100_000 {
			t.Errorf("%s takes %d bytes, %d were foreseen", name, got, want)
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
