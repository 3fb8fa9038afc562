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
	"runtime"
	"runtime/debug"
	"runtime/metrics"
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
	// slack is what a decoder may take beyond what the size of the picture explains.
	slack = 16 << 20
	// muchMemory is worth giving back at once: the next picture would come on top of it.
	muchMemory = 8 << 20
	// developTime is more than an honest picture takes on a slow machine.
	developTime = 5 * time.Second
)

var (
	errBusy   = fault.New(fault.Unavailable, "overloaded", "too many pictures at once; try again").After(2 * time.Second)
	errCostly = errors.New("decoding takes more memory than the size explains")
	errPanic  = errors.New("the decoder panicked")
	errLarge  = errors.New("picture: what was made is too large to keep")
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
	timed, cancel := context.WithTimeout(ctx, cmp.Or(d.limit, developTime))
	defer cancel()
	small, err := decode(timed, h, data)
	d.giveBack(h.bytes(), err)
	switch {
	case err == nil:
		return keep(ctx, turn(small, h.orientation))
	case ctx.Err() != nil:
		return store.Blob{}, errBusy.With(ctx.Err())
	default:
		return store.Blob{}, errNoPicture.With(err)
	}
}

// giveBack returns memory to the machine once much of it was used: a server collects garbage late.
func (d *darkroom) giveBack(n int64, err error) {
	if d.owed.Add(n) >= muchMemory || errors.Is(err, errCostly) {
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
	src, err := h.decode(&meter{ctx: ctx, data: bytes.NewReader(data), most: inUse() + uint64(h.bytes()) + slack}) //nolint:gosec // positive
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

// meter is a file that can be read until the context ends or the memory that is in use grows
// beyond what was expected: decoders take neither, and some make much of few bytes.
type meter struct {
	ctx  context.Context //nolint:containedctx // decoders take a reader and nothing else
	data io.Reader
	most uint64
	read int // since it was looked at last
}

// step is how much is read between two looks.
const step = 4096

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	if m.read <= 0 {
		if err := m.ctx.Err(); err != nil {
			return 0, err
		}
		if m.spent() {
			return 0, errCostly
		}
		m.read = step
	}
	n, err := m.data.Read(p[:min(len(p), step)])
	m.read -= n
	return n, err
}

// spent collects garbage before it says yes: that of others is in use until then.
func (m *meter) spent() bool {
	if inUse() <= m.most {
		return false
	}
	runtime.GC()
	return inUse() > m.most
}

// inUse returns how many bytes of the heap hold objects, garbage not yet collected among them.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
