package picture

import (
	"bytes"
	"encoding/binary"
	"image"
)

// What a JPEG file is made of (ISO/IEC 10918-1, table B.1).
const (
	startBaseline    = 0xc0
	startExtended    = 0xc1
	startProgressive = 0xc2
	startOfScan      = 0xda
	exifSegment      = 0xe1
)

// worstJPEG is what the most expensive JPEG takes: four components of full size, kept as
// coefficients first, then interleaved.
const worstJPEG = 4 + 4*4 + 4

// examineJPEG walks over the segments before the first scan. Where it cannot follow, a decoder may
// still find its way, and then the worst is assumed.
func examineJPEG(data []byte, _ image.Config) (traits, error) {
	if bytes.Count(data, []byte{0xff, startOfScan}) > maxScans {
		return traits{}, errScans
	}
	t := traits{memory: worstJPEG}
	var frame jpegFrame
	for at := 2; at+4 <= len(data); {
		marker, length := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if data[at] != 0xff || marker < startBaseline || marker >= 0xd0 && marker < startOfScan || length < 2 || length > len(data)-at-2 {
			return t, nil
		}
		content := data[at+4 : at+2+length]
		switch marker {
		case startBaseline, startExtended, startProgressive:
			if frame.samples > 0 || !frame.read(content, marker == startProgressive) {
				return t, nil
			}
		case exifSegment:
			if t.orientation == 0 {
				t.orientation = orientation(content)
			}
		case startOfScan:
			if frame.samples > 0 {
				frame.plain = frame.plain || adobePlain(data)
				t.memory = frame.memory()
			}
			return t, nil
		}
		at += 2 + length
	}
	return t, nil
}

// jpegFrame is what the header of a frame says (ISO/IEC 10918-1, B.2.2).
type jpegFrame struct {
	samples     float64 // for each pixel
	components  int
	progressive bool
	plain       bool // RGB or CMYK as it is, which a decoder copies once more
}

func (f *jpegFrame) read(b []byte, progressive bool) bool {
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return false
	}
	f.progressive, f.components = progressive, int(b[5])
	switch f.components {
	case 1:
		f.samples = 1
		return true
	case 3, 4:
	default:
		return false
	}
	across, down := b[7]>>4, b[7]&15
	for c := range f.components {
		h, v := b[7+3*c]>>4, b[7+3*c]&15
		if h == 0 || v == 0 || h > across || v > down {
			return false
		}
		f.samples += float64(h) * float64(v) / float64(across) / float64(down)
	}
	f.plain = f.plain || b[6] == 'R' && b[9] == 'G' && b[12] == 'B'
	return true
}

func (f *jpegFrame) memory() float64 {
	m := f.samples
	if f.progressive {
		m += 4 * f.samples // coefficients of 32 bits
	}
	if f.plain && f.components > 1 || f.components == 4 {
		m += 4
	}
	return m
}

// adobePlain reports whether a segment says that colours are as they are. It may come after the
// first scan, and decoders believe it there.
func adobePlain(data []byte) bool {
	const name, transform = 4, 15 // where they are, from the marker
	for {
		at := bytes.Index(data, []byte("\xff\xee"))
		if at < 0 || len(data)-at <= transform {
			return false
		}
		if data = data[at:]; bytes.HasPrefix(data[name:], []byte("Adobe")) && data[transform] == 0 {
			return true
		}
		data = data[2:]
	}
}

// orientation reads how a picture is to be turned from an EXIF segment (CIPA DC-008, 4.6.4), and
// nothing else of it; 0 when it does not say.
func orientation(segment []byte) int {
	tiff, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00"))
	if !ok || len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	const tag, short, size = 0x0112, 3, 12
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < size {
			return 0
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if v := order.Uint16(entries[8:]); v >= 1 && v <= 8 {
				return int(v)
			}
			return 0
		}
		entries = entries[size:]
	}
	return 0
}
