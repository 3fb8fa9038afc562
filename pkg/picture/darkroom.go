package picture

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	side    = 512 // of the square that pictures fit into
	quality = 85

	// maxMemory is what all pictures that are being decoded may take together, and so what one
	// may take. At most two are decoded at once.
	maxMemory = 48 << 20
	atOnce    = 2
	// muchMemory is worth giving back at once: the next picture would come on top of it.
	muchMemory = 8 << 20
	// developTime is more than an honest picture takes on a slow machine.
	developTime = 5 * time.Second
)

var (
	errBusy  = fault.New(fault.Unavailable, "overloaded", "too many pictures at once; try again").After(2 * time.Second)
	errPanic = errors.New("the decoder panicked")
	errLarge = errors.New("picture: what was made is too large to keep")
)

// darkroom makes small pictures of large ones, a few at a time. The zero value is usable.
type darkroom struct {
	once   sync.Once
	places *semaphore.Weighted
	owed   atomic.Int64  // what was taken and not given back
	limit  time.Duration // for one picture; zero means developTime
}

func (d *darkroom) open() {
	d.once.Do(func() { d.places = semaphore.NewWeighted(maxMemory) })
}

// develop makes a new picture of the pixels in data, upright and small. The blob has no id yet.
func (d *darkroom) develop(ctx context.Context, data []byte) (store.Blob, error) {
	h, err := examine(data)
	if err != nil {
		return store.Blob{}, err
	}
	if h.bytes() > maxMemory {
		return store.Blob{}, errTooMany
	}
	d.open()
	place := max(h.bytes(), maxMemory/atOnce)
	if err := d.places.Acquire(ctx, place); err != nil {
		return store.Blob{}, errBusy.With(err)
	}
	defer d.places.Release(place)
	within, cancel := context.WithTimeout(ctx, cmp.Or(d.limit, developTime))
	defer cancel()
	small, err := decode(within, h, data)
	d.giveBack(h.bytes())
	switch {
	case err == nil:
		return keep(ctx, turn(small, h.orientation))
	case within.Err() != nil: // others may have had the processors
		return store.Blob{}, errBusy.With(within.Err())
	default:
		return store.Blob{}, errNoPicture.With(err)
	}
}

// giveBack returns memory to the machine once much of it was used: a server collects garbage late.
func (d *darkroom) giveBack(n int64) {
	if d.owed.Add(n) >= muchMemory {
		d.owed.Store(0)
		debug.FreeOSMemory()
	}
}

// decode returns the picture in data, shrunk. Whatever a decoder does, it comes back with an error.
func decode(ctx context.Context, h header, data []byte) (small *image.RGBA, err error) {
	defer func() {
		if recover() != nil { // what it says may hold pixels
			small, err = nil, fmt.Errorf("%w at\n%s", errPanic, debug.Stack())
		}
	}()
	src, err := h.decode(&timed{ctx: ctx, data: bytes.NewReader(data)})
	if err != nil {
		return nil, err
	}
	if b := src.Bounds(); b.Empty() || b.Dx() > h.width || b.Dy() > h.height {
		return nil, errTruncated
	}
	return shrink(ctx, src, side)
}

// keep returns a picture as a file: JPEG, or PNG when one can see through it.
func keep(ctx context.Context, m *image.RGBA) (store.Blob, error) {
	var out bytes.Buffer
	if m.Opaque() {
		if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: quality}); err != nil {
			return store.Blob{}, fmt.Errorf("picture: encode: %w", err)
		}
		return store.Blob{Type: JPEG, Data: out.Bytes()}, nil
	}
	for size := side; size > 0; size /= 2 { // noise is as large as a file as it is in memory
		small, err := shrink(ctx, m, size)
		if err != nil {
			return store.Blob{}, errBusy.With(err)
		}
		out.Reset()
		if err := png.Encode(&out, small); err != nil {
			return store.Blob{}, fmt.Errorf("picture: encode: %w", err)
		}
		if out.Len() <= store.MaxBlob {
			return store.Blob{Type: PNG, Data: out.Bytes()}, nil
		}
	}
	return store.Blob{}, errLarge
}

// timed is a file that can be read until the context ends: decoders take none.
type timed struct {
	ctx  context.Context //nolint:containedctx // decoders take a reader and nothing else
	data io.Reader
}

// Read implements io.Reader. It gives little at a time, so that the context is looked at often.
func (t *timed) Read(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	return t.data.Read(p[:min(len(p), 4096)])
}
