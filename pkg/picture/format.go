package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

const (
	maxSide   = 4096
	maxPixels = 16 << 20
	// maxScans is far more than a progressive JPEG has. Each of them goes over the whole picture.
	maxScans = 100
)

var (
	errNoPicture = fault.InvalidField("picture", "not_a_picture", "picture is a PNG, JPEG, WebP or GIF that is whole")
	errTooMany   = fault.InvalidField("picture", "too_many_pixels", "picture is at most 4096 pixels wide and high and has at most 16 million; fewer where they take more memory to read: 16-bit PNG, lossless WebP, progressive JPEG")
	errScans     = errors.New("more scans than a picture has")
	errTruncated = errors.New("it is shorter than it says")
)

// format is one of the kinds of files that are taken.
type format struct {
	magic  string // how a file begins; a question mark stands for any byte
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	// examine says from the headers of a picture of this size how much memory decoding takes at
	// most, and how it is to be turned.
	examine func(data []byte, size image.Config) (traits, error)
}

// traits are what headers tell beside the size.
type traits struct {
	memory      float64 // bytes for each pixel
	more        int64   // bytes besides
	orientation int     // as EXIF counts; 0 and 1 are upright
}

func formats() []format {
	return []format{
		{"\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode, examinePNG},
		{"\xff\xd8\xff", jpeg.DecodeConfig, jpeg.Decode, examineJPEG},
		// Decode stops behind the first frame.
		{"GIF87a", gif.DecodeConfig, gif.Decode, examineGIF},
		{"GIF89a", gif.DecodeConfig, gif.Decode, examineGIF},
		{"RIFF????WEBP", webp.DecodeConfig, webp.Decode, examineWebP},
	}
}

// sniff finds the format by how a file begins, and by nothing else.
func sniff(data []byte) (format, bool) {
	for _, f := range formats() {
		if len(data) >= len(f.magic) && matches(f.magic, data) {
			return f, true
		}
	}
	return format{}, false
}

func matches(magic string, data []byte) bool {
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

// header is what is known of a picture before it is decoded.
type header struct {
	format
	traits
	width, height int
}

// bytes returns how much memory decoding takes at most. Decoders round sizes up to whole blocks.
func (h header) bytes() int64 {
	up := func(n int) int64 { return int64(n+31) &^ 31 }
	return int64(float64(up(h.width)*up(h.height))*h.memory) + h.more
}

// examine reads the headers of a file. It refuses what has too many pixels.
func examine(data []byte) (header, error) {
	f, ok := sniff(data)
	if !ok || isArchive(data) {
		return header{}, errNoPicture
	}
	c, err := f.config(bytes.NewReader(data))
	if err != nil {
		return header{}, errNoPicture.With(err)
	}
	if c.Width <= 0 || c.Height <= 0 {
		return header{}, errNoPicture
	}
	if c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels {
		return header{}, errTooMany
	}
	t, err := f.examine(data, c)
	if err != nil {
		return header{}, errNoPicture.With(err)
	}
	return header{format: f, traits: t, width: c.Width, height: c.Height}, nil
}

// isArchive reports whether a file is a ZIP or JAR archive beside what it begins as: such a reader
// finds its way from the end (APPNOTE 4.3.16).
func isArchive(data []byte) bool {
	const record, comment = 22, 1<<16 - 1
	end := data[max(0, len(data)-record-comment):]
	for at := len(end); ; {
		if at = bytes.LastIndex(end[:at], []byte("PK\x05\x06")); at < 0 {
			return false
		}
		// The last two bytes of the record tell how long the comment behind it is.
		if rest := end[at:]; len(rest) >= record && len(rest) >= record+int(binary.LittleEndian.Uint16(rest[record-2:])) {
			return true
		}
	}
}

// examinePNG reads the header chunk (ISO/IEC 15948, 11.2.1): it comes first, at a fixed place.
func examinePNG(data []byte, _ image.Config) (traits, error) {
	const depth, colour, interlace = 24, 25, 28
	if len(data) <= interlace {
		return traits{}, errTruncated
	}
	t := traits{memory: 4} // also of grey, which a transparent value makes coloured
	switch {
	case data[depth] == 16:
		t.memory = 8
	case data[colour] == 3: // a palette
		t.memory = 1
	}
	if data[interlace] != 0 { // each pass is a picture of its own
		t.memory *= 2
	}
	return t, nil
}

// examineGIF knows the answer: a frame that is interlaced is put in order in a copy.
func examineGIF([]byte, image.Config) (traits, error) { return traits{memory: 2}, nil }

// examineWebP finds out which of its codecs a file uses (RFC 9649), and what each of them takes.
func examineWebP(data []byte, size image.Config) (traits, error) {
	const lossy, header = 1.5, 5
	end := 8 + int64(binary.LittleEndian.Uint32(data[4:]))
	if end > int64(len(data)) {
		return traits{}, errTruncated // a decoder would make room for what is not there
	}
	var t traits
	for at := int64(12); at+9 <= end; {
		length := int64(binary.LittleEndian.Uint32(data[at+4:]))
		if length > end-at-8 {
			return traits{}, errTruncated
		}
		switch chunk := data[at+8 : at+8+length]; string(data[at : at+4]) {
		case "VP8 ":
			t.memory += lossy
			t.more += length // it is read into a copy
			return t, nil
		case "VP8L":
			return t, t.lossless(chunk, header, size)
		case "ALPH":
			t.memory++
			if length > 0 && chunk[0]&3 != 0 {
				if err := t.lossless(chunk, 1, size); err != nil {
					return traits{}, err
				}
			}
		}
		at += 8 + length + length&1
	}
	return traits{}, errTruncated
}

// lossless adds what a lossless stream takes that begins so far into a chunk.
func (t *traits) lossless(chunk []byte, at int, size image.Config) error {
	if len(chunk) < at {
		return errTruncated
	}
	n, err := losslessMemory(chunk[at:], size.Width, size.Height)
	t.more += n
	return err
}
