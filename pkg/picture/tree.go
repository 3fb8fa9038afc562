package picture

const (
	longest = 15                         // code of a tree
	largest = literals + lengths + 1<<11 // alphabet
	// Instead of a length: the last one again, and zeros.
	repeat, fewZeros, manyZeros = 16, 17, 18
)

// tree is a canonical Huffman code: how many codes there are of each length, and what they mean in
// the order of codes.
type tree struct {
	counts  [longest + 1]int
	symbols [largest]uint16
	n       int // of them
}

func (t *tree) add(symbol, length int) {
	t.counts[length]++
	t.symbols[t.n] = uint16(symbol) //nolint:gosec // less than largest
	t.n++
}

// symbol reads one symbol. A tree of a single one takes no bits.
func (l *lossless) symbol(t *tree) int {
	if t.n == 1 {
		return int(t.symbols[0])
	}
	code, first, index := 0, 0, 0
	for length := 1; length <= longest && !l.bad; length++ {
		code |= l.read(1)
		if code-first < t.counts[length] {
			return int(t.symbols[index+code-first])
		}
		index += t.counts[length]
		first = (first + t.counts[length]) << 1
		code <<= 1
	}
	l.bad = true
	return 0
}

// tree reads the tree of an alphabet (RFC 9649, section 3.7.2.1).
func (l *lossless) tree(t *tree, alphabet int) {
	t.n, t.counts = 0, [longest + 1]int{}
	if l.read(1) == 1 {
		l.simple(t, alphabet)
		return
	}
	order := [...]int{fewZeros, manyZeros, 0, 1, 2, 3, 4, 5, repeat, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	var known [len(order)]uint8
	for _, symbol := range order[:4+l.read(4)] {
		known[symbol] = uint8(l.read(3)) //nolint:gosec // three bits
	}
	var by tree
	l.canonical(&by, known[:])
	l.memory += 8 * int64(alphabet) // which is garbage afterwards
	l.canonical(t, l.codeLengths(&by, alphabet))
}

// simple reads a tree of one or two symbols.
func (l *lossless) simple(t *tree, alphabet int) {
	two := l.read(1) == 1
	t.add(l.read(1+7*l.read(1)), 1)
	if two {
		t.add(l.read(8), 1)
	}
	for _, symbol := range t.symbols[:t.n] {
		l.bad = l.bad || int(symbol) >= alphabet
	}
	l.memory += treeMemory + 2*nodeMemory
}

// codeLengths reads how long the code of each symbol is, by means of a tree.
func (l *lossless) codeLengths(by *tree, alphabet int) []uint8 {
	known := l.known[:alphabet]
	clear(known)
	left, last := alphabet, 8
	if l.read(1) == 1 {
		left = 2 + l.read(2+2*l.read(3))
	}
	for at := 0; at < alphabet && left > 0 && !l.bad; left-- {
		length, times := l.symbol(by), 1
		switch length {
		case repeat:
			length, times = last, 3+l.read(2)
		case fewZeros:
			length, times = 0, 3+l.read(3)
		case manyZeros:
			length, times = 0, 11+l.read(7)
		}
		if length > 0 {
			last = length
		}
		if at+times > alphabet {
			l.bad = true
			break
		}
		for range times {
			known[at] = uint8(length)
			at++
		}
	}
	return known
}

// canonical makes a tree of lengths. One that is not complete is refused: what decoders make of it
// is their own affair, and we must read what they do.
func (l *lossless) canonical(t *tree, known []uint8) {
	space := 0
	for length := 1; length <= longest; length++ {
		for symbol, of := range known {
			if int(of) == length {
				t.add(symbol, length)
				space += 1 << (longest - length)
			}
		}
	}
	l.bad = l.bad || t.n == 0 || t.n > 1 && space != 1<<longest
	l.memory += treeMemory + nodeMemory*int64(t.n)
}
