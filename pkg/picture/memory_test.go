package picture_test

import (
	"fmt"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/picture"
)

// resident returns what Go holds of the machine's memory.
func resident() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// peak returns how much more memory is held while f runs than before.
func peak(f func()) uint64 {
	debug.FreeOSMemory()
	before, most := resident(), uint64(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	for {
		most = max(most, resident())
		select {
		case <-done:
			return max(most, before) - before
		case <-tick.C:
		}
	}
}

// Whatever is sent, and however much at once, stays below 64 MiB.
func TestMemoryStaysWithinBounds(t *testing.T) {
	large := pngHeader{width: 4000, height: 3000, depth: 8, colour: 6}.file(3000 * (4*4000 + 1))
	pale := pngHeader{width: 4096, height: 4096, depth: 8, colour: 3}.file(4096 * 4097)
	bomb := trees(600, 600, 999)
	wooded := trees(600, 600, 500)
	room := new(picture.Darkroom)
	room.Limit(time.Hour) // with the race detector
	used := peak(func() {
		var all sync.WaitGroup
		for i, data := range [][]byte{large, pale, bomb, wooded, bomb, wooded, large} {
			all.Go(func() {
				_, err := room.Develop(t.Context(), data)
				if refused := refusal(err) == "too_many_pixels"; refused != (len(data) == len(bomb)) || err != nil && !refused {
					t.Errorf("picture %d: error %v", i, err)
				}
			})
		}
		all.Wait()
	})
	t.Logf("%d MiB at the most", used>>20)
	if used > 64<<20 {
		t.Errorf("it took %d MiB", used>>20)
	}
}

func TestFewTreesAreNoTrouble(t *testing.T) {
	m, _ := shown(t, trees(600, 600, 20))
	if m.Bounds().Dx() != 512 {
		t.Fatalf("it is %v", m.Bounds())
	}
}

// bits writes numbers, least significant bit first.
type bits struct {
	out []byte
	n   int
}

func (b *bits) put(v uint32, n int) {
	for i := range n {
		if b.n%8 == 0 {
			b.out = append(b.out, 0)
		}
		b.out[b.n/8] |= byte(v>>i&1) << (b.n % 8)
		b.n++
	}
}

// symbol writes a Huffman tree of one symbol, which then takes no bits.
func (b *bits) symbol(v uint32) {
	b.put(1, 1) // simple
	b.put(0, 1) // one symbol
	b.put(1, 1) // of 8 bits
	b.put(v, 8)
}

// tree writes a Huffman tree in which 1<<length symbols have codes of the same length.
func (b *bits) tree(length uint32) {
	b.put(0, 1)
	b.put(15, 4) // lengths of all 19 codes of lengths follow, in an order of their own
	for _, code := range []uint32{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} {
		switch code {
		case 16:
			b.put(1, 3)
		case 18, length:
			b.put(2, 3)
		default:
			b.put(0, 3)
		}
	}
	// The codes are 0 for 16, 10 and 11 for length and 18: shorter first, then by number.
	b.put(0, 1) // lengths for the whole alphabet
	b.put(0b01, 2)
	left := 1<<length - 1
	for left > 0 {
		n := min(6, left)
		if left-n > 0 && left-n < 3 {
			n = 3
		}
		b.put(0, 1)
		b.put(uint32(n-3), 2)
		left -= n
	}
}

func (b *bits) zeros(n int) {
	for n > 0 {
		run := min(138, n)
		if n-run > 0 && n-run < 11 {
			run -= 11
		}
		b.put(0b11, 2)
		b.put(uint32(run-11), 7)
		n -= run
	}
}

// trees returns a lossless WebP with so many groups of Huffman trees, each as large as can be, all
// of which but one are of no use: few bytes that take much memory.
func trees(w, h uint32, groups uint32) []byte {
	var b bits
	b.put(0x2f, 8)
	b.put(w-1, 14)
	b.put(h-1, 14)
	b.put(0, 4) // no alpha, version 0
	b.put(0, 1) // no transform
	b.put(1, 1) // a cache of colours
	b.put(11, 4)
	b.put(1, 1) // groups of trees
	b.put(0, 3) // for 4x4 pixels each
	b.put(0, 1) // and all these pixels have the last group
	b.symbol((groups - 1) & 0xff)
	b.symbol((groups - 1) >> 8)
	b.symbol(0)
	b.symbol(0)
	b.symbol(0)
	for i := range groups {
		if i == groups-1 { // the one that is used takes no bits either
			for range 5 {
				b.symbol(0)
			}
			break
		}
		b.tree(11)
		b.zeros(256 + 24)
		for range 3 {
			b.tree(8)
		}
		b.symbol(0)
	}
	b.put(0, 31)
	b.put(0, 31)
	chunk := fmt.Sprintf("VP8L%s%s", little(len(b.out)), b.out)
	if len(b.out)%2 != 0 {
		chunk += "\x00"
	}
	return []byte("RIFF" + little(len(chunk)+4) + "WEBP" + chunk)
}

func little(n int) string { return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}) }
