package picture_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"
)

// Pictures of 48x32, red on the left and blue (or nothing, in seeThrough) on the right, as a
// browser writes them, with a colour profile.
const (
	lossyWebP      = "UklGRjwCAABXRUJQVlA4WAoAAAAgAAAALwAAHwAASUNDUMgBAAAAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADZWUDggTgAAAHADAJ0BKjAAIAA+0VikS6glI6GwCAEAGglAGGxSAA8r3sVcAAD+7nZ/rv8Nrb/8s/8oveV1OZv/AfUHz8Ktp3xapjnJzjmExM9A9AAAAA=="
	losslessWebP   = "UklGRgoCAABXRUJQVlA4WAoAAAAgAAAALwAAHwAASUNDUMgBAAAAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADZWUDhMGwAAAC8vwAcADxADfCDg+Q8HYsFk/tIZdEf0PyqMAwA="
	seeThroughWebP = "UklGRlACAABXRUJQVlA4WAoAAAAwAAAALwAAHwAASUNDUMgBAAAAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADZBTFBIEwAAAAEPMP8REUIsmMxfOoPuiP5HhXMAVlA4IEYAAABQAwCdASowACAAPtFWo0uoJKMhsAgBABoJQBhk0AAPK96yMAD+7nZ/rvFpRr/8s/7yvRDwP+Ff+3PI7rw/8LdTraXtAAAA"
)

var (
	red  = color.NRGBA{R: 0xc0, A: 0xff}
	blue = color.NRGBA{B: 0xc0, A: 0xff}
)

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// halves returns a picture with one colour on the left and another on the right.
func halves(w, h int, left, right color.Color) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, image.Rect(0, 0, w/2, h), image.NewUniform(left), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(w/2, 0, w, h), image.NewUniform(right), image.Point{}, draw.Src)
	return m
}

func encoded(t testing.TB, encode func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	return encoded(t, func(w io.Writer) error { return png.Encode(w, m) })
}

func asJPEG(t testing.TB, m image.Image) []byte {
	return encoded(t, func(w io.Writer) error { return jpeg.Encode(w, m, nil) })
}

func asGIF(t testing.TB, m image.Image) []byte {
	return encoded(t, func(w io.Writer) error { return gif.Encode(w, m, nil) })
}

// pngHeader is what a PNG says of itself.
type pngHeader struct {
	width, height            uint32
	depth, colour, interlace uint8
	trailing                 string
}

// file returns a PNG with this header and rows of zeros, of which n bytes are there.
func (h pngHeader) file(n int64) []byte {
	var out bytes.Buffer
	out.WriteString("\x89PNG\r\n\x1a\n")
	header := binary.BigEndian.AppendUint32(nil, h.width)
	header = binary.BigEndian.AppendUint32(header, h.height)
	pngChunk(&out, "IHDR", append(header, h.depth, h.colour, 0, 0, h.interlace))
	if h.colour == 3 {
		pngChunk(&out, "PLTE", make([]byte, 3))
	}
	var rows bytes.Buffer
	z, _ := zlib.NewWriterLevel(&rows, zlib.BestSpeed)
	_, _ = io.CopyN(z, zeros{}, n)
	_ = z.Close()
	pngChunk(&out, "IDAT", rows.Bytes())
	pngChunk(&out, "IEND", nil)
	out.WriteString(h.trailing)
	return out.Bytes()
}

func pngChunk(out *bytes.Buffer, name string, data []byte) {
	_ = binary.Write(out, binary.BigEndian, uint32(len(data)))
	out.WriteString(name)
	out.Write(data)
	_ = binary.Write(out, binary.BigEndian, crc32.ChecksumIEEE(append([]byte(name), data...)))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// segment returns a segment of a JPEG.
func segment(marker byte, data string) string {
	return string(append([]byte{0xff, marker}, binary.BigEndian.AppendUint16(nil, uint16(len(data)+2))...)) + data
}

// frame returns the frame header of a JPEG: three bytes for each component.
func frame(marker byte, w, h uint16, components ...string) string {
	data := binary.BigEndian.AppendUint16([]byte{8}, h)
	data = binary.BigEndian.AppendUint16(data, w)
	return segment(marker, string(append(data, byte(len(components))))+strings.Join(components, ""))
}

// exif returns an EXIF segment that says how the picture is turned and where it was taken.
func exif(order binary.AppendByteOrder, orientation uint16) string {
	magic := "II*\x00"
	if order.AppendUint16(nil, 1)[0] == 0 {
		magic = "MM\x00*"
	}
	tiff := order.AppendUint32([]byte(magic), 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, e := range [][2]uint16{{0x0112, 3}, {0x8825, 4}} {
		tiff = order.AppendUint16(order.AppendUint16(tiff, e[0]), e[1])
		tiff = order.AppendUint32(tiff, 1)
		if e[0] == 0x0112 {
			tiff = append(order.AppendUint16(tiff, orientation), 0, 0)
		} else {
			tiff = order.AppendUint32(tiff, 38)
		}
	}
	tiff = order.AppendUint32(tiff, 0)
	return segment(0xe1, "Exif\x00\x00"+string(tiff)+"GPS 52.5200 N 13.4050 E")
}

// withSegment puts a segment into a JPEG, right behind its beginning.
func withSegment(jpeg []byte, segment string) []byte {
	return append([]byte("\xff\xd8"+segment), jpeg[2:]...)
}
