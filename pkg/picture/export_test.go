package picture

import (
	"bytes"
	"context"
	"image"
	"io"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Unexported parts.
type Darkroom = darkroom

const MaxMemory = maxMemory

var (
	Shrink      = shrink
	Turn        = turn
	Orientation = orientation
	Keep        = keep
)

func (d *Darkroom) Develop(ctx context.Context, data []byte) (store.Blob, error) {
	return d.develop(ctx, data)
}

// Limit gives each picture so much time.
func (d *Darkroom) Limit(t time.Duration) { d.limit = t }

// Take occupies so much of the darkroom.
func (d *Darkroom) Take(ctx context.Context, n int64) error {
	d.open()
	return d.places.Acquire(ctx, n)
}

// Examine returns what a file takes to decode and how it is to be turned.
func Examine(data []byte) (memory int64, orientation int, err error) {
	h, err := examine(data)
	return h.bytes(), h.orientation, err
}

// Decode runs a decoder as develop does, on no data.
func Decode(ctx context.Context, with func() (image.Image, error)) error {
	h := header{format: format{decode: func(io.Reader) (image.Image, error) { return with() }}, width: 1, height: 1}
	_, err := decode(ctx, h, nil)
	return err
}

// DecodeAlone runs the decoder of a file, and nothing else.
func DecodeAlone(data []byte) error {
	h, err := examine(data)
	if err == nil {
		_, err = h.decode(bytes.NewReader(data))
	}
	return err
}
