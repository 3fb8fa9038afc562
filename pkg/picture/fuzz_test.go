package picture_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/picture"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// FuzzDevelop holds that whatever is sent becomes a small picture or is refused as none.
func FuzzDevelop(f *testing.F) {
	for _, tt := range troubles(f) {
		if len(tt.data) < 2000 {
			f.Add(tt.data)
		}
	}
	small := halves(9, 7, red, blue)
	for _, data := range [][]byte{
		asPNG(f, small), asJPEG(f, small), asGIF(f, small), unbase64(f, lossyWebP), unbase64(f, losslessWebP), unbase64(f, seeThroughWebP),
		withSegment(asJPEG(f, small), exif(binary.BigEndian, 6)), trees(9, 9, 2),
	} {
		f.Add(data)
	}
	room := new(picture.Darkroom)
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := room.Develop(t.Context(), data)
		if err != nil {
			if k := fault.From(err).Kind; k != fault.Invalid {
				t.Fatalf("%q is refused with %v", data, err)
			}
			return
		}
		c, kind, err := image.DecodeConfig(bytes.NewReader(b.Data))
		if err != nil || "image/"+kind != b.Type || c.Width > 512 || c.Height > 512 || len(b.Data) > store.MaxBlob {
			t.Fatalf("%q gives %s of %dx%d (%v)", data, b.Type, c.Width, c.Height, err)
		}
	})
}

// FuzzOrientation holds that any segment is read without harm.
func FuzzOrientation(f *testing.F) {
	for o := range uint16(9) {
		f.Add([]byte(exif(binary.BigEndian, o))[4:])
		f.Add([]byte(exif(binary.LittleEndian, o))[4:])
	}
	f.Fuzz(func(t *testing.T, segment []byte) {
		if o := picture.Orientation(segment); o < 0 || o > 8 {
			t.Fatalf("%q is turned by %d", segment, o)
		}
	})
}
