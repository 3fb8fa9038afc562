package picture

import "errors"

const (
	// maxGroups is how many groups of trees a lossless WebP has at most; golang.org/x/image and
	// libwebp agree on it.
	maxGroups = 2600
	// What golang.org/x/image makes of a tree: a table, and nodes of which there are nearly two
	// for each symbol.
	treeMemory, nodeMemory = 536, 16
)

var errLossless = errors.New("what comes before the pixels of a lossless WebP is damaged")

// lossless reads what comes before the pixels of a lossless WebP (RFC 9649, section 3) and adds up
// what a decoder needs for it. The size of the picture does not tell: each tile may bring five
// Huffman trees of its own, and 200 bytes make trees of 50 KB.
type lossless struct {
	data   []byte
	at     int // in bits
	memory int64
	bad    bool    // and everything read since is zero
	group  [5]tree // the one that was read last: green, red, blue, alpha and distances
	known  [largest]uint8
}

// losslessMemory returns how many bytes decoding takes, garbage included. What is in data is a
// stream of this size without its header.
func losslessMemory(data []byte, width, height int) (int64, error) {
	l := &lossless{data: data}
	width = l.transforms(width, height)
	cache, last := l.cache(), 0
	if l.read(1) == 1 {
		bits := 2 + l.read(3)
		last = l.image(tiles(width, bits), tiles(height, bits))
	}
	if last >= maxGroups {
		return 0, errLossless
	}
	l.memory += 4 * int64(width) * int64(height)
	for i := 0; i <= last && l.memory <= maxMemory && !l.bad; i++ {
		l.trees(cache)
	}
	if l.bad {
		return 0, errLossless
	}
	return l.memory, nil
}

// tiles returns how many squares of 1<<bits pixels cover a length.
func tiles(n, bits int) int { return (n + 1<<bits - 1) >> bits }

// read returns a number of so many bits, the lowest first.
func (l *lossless) read(bits int) int {
	if l.bad || l.at+bits > 8*len(l.data) {
		l.bad = true
		return 0
	}
	n := 0
	for i := range bits {
		n |= int(l.data[l.at/8]>>(l.at%8)&1) << i
		l.at++
	}
	return n
}

// transforms reads what was done to the pixels, and returns how wide they are packed.
func (l *lossless) transforms(width, height int) int {
	const indexed, greenSubtracted = 3, 2
	var seen [4]bool
	for l.read(1) == 1 {
		kind := l.read(2)
		l.bad = l.bad || seen[kind]
		seen[kind] = true
		switch kind {
		case greenSubtracted:
		case indexed:
			colours, bits := 1+l.read(8), 0
			l.image(colours, 1)
			switch {
			case colours <= 2:
				bits = 3
			case colours <= 4:
				bits = 2
			case colours <= 16:
				bits = 1
			}
			if bits > 0 {
				l.memory += 4 * int64(width) * int64(height) // unpacked into a copy
				width = tiles(width, bits)
			}
		default:
			bits := 2 + l.read(3)
			l.image(tiles(width, bits), tiles(height, bits))
		}
	}
	return width
}

// cache returns how many colours are kept at hand.
func (l *lossless) cache() int {
	if l.read(1) == 0 {
		return 0
	}
	bits := l.read(4)
	if bits < 1 || bits > 11 {
		l.bad = true
		return 0
	}
	size := 1 << bits
	l.memory += 4 * int64(size)
	return size
}

// The symbols of the first tree of a group: values of green, lengths of what is repeated, and the
// colours at hand.
const (
	literals = 256
	lengths  = 24
)

// trees reads one group of them.
func (l *lossless) trees(cache int) {
	for i, symbols := range [...]int{literals + lengths + cache, literals, literals, literals, 40} {
		l.tree(&l.group[i], symbols)
	}
}

// image reads a picture that belongs to the description of another. It returns the largest number
// that red and green make: the last group, where that is what the pixels tell. A pixel that is no
// literal has the colour of an earlier one.
func (l *lossless) image(width, height int) int {
	l.trees(l.cache())
	g := &l.group
	l.memory += 4 * int64(width) * int64(height)
	most := 0
	for n := 0; n < width*height && !l.bad; n++ {
		switch green := l.symbol(&g[0]); {
		case green < literals:
			most = max(most, l.symbol(&g[1])<<8|green)
			l.symbol(&g[2])
			l.symbol(&g[3])
		case green < literals+lengths:
			n += l.number(green-literals) - 1
			l.number(l.symbol(&g[4]))
		}
	}
	return most
}

// number reads a length or a distance (section 4.2.2).
func (l *lossless) number(symbol int) int {
	if symbol < 4 {
		return symbol + 1
	}
	extra := (symbol - 2) >> 1
	return (2+symbol&1)<<extra + l.read(extra) + 1
}
