package bench

import (
	"math"
	"math/bits"
	"time"
)

// A histogram has 64 buckets for each power of two, so that a value is known to 1.6 %, and an
// end, 137 s, beyond which everything counts as that.
const (
	fineBits    = 6
	histMax     = 1<<37 - 1
	histBuckets = (37 - fineBits + 1) << fineBits
)

// histogram counts durations in fixed memory. Its zero value is empty.
type histogram struct {
	counts [histBuckets]uint32
	total  int
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucket(d)]++
	h.total++
}

func (h *histogram) merge(other *histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
}

// quantile returns the duration that the given share of all does not exceed, to 1.6 %; zero
// when there are none.
func (h *histogram) quantile(share float64) time.Duration {
	rank := max(1, int(math.Ceil(share*float64(h.total))))
	for i, n := range h.counts {
		if rank -= int(n); rank <= 0 {
			return middle(i)
		}
	}
	return 0
}

// bucket is exact below 128 ns. Above, it is the power of two and the six bits below the first.
func bucket(d time.Duration) int {
	ns := uint64(min(max(d, 0), histMax))
	shift := bits.Len64(ns) - fineBits - 1
	if shift <= 0 {
		return int(ns)
	}
	return shift<<fineBits + int(ns>>shift) //nolint:gosec // below 128
}

// middle is the inverse of bucket, up to half a bucket.
func middle(i int) time.Duration {
	shift := i>>fineBits - 1
	if shift <= 0 {
		return time.Duration(i)
	}
	return time.Duration(i-shift<<fineBits)<<shift + 1<<(shift-1)
}
