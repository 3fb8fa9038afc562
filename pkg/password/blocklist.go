package password

import (
	_ "embed"
	"strings"
)

// The lists are searched where they are, in the program's read-only data: no start-up cost and
// no memory of their own. README.md says where they come from.
var (
	//go:embed common.txt
	commonPasswords string
	//go:embed words.txt
	baseWords string
)

// listed reports whether word is a line of list, whose lines are sorted by their bytes.
func listed(list, word string) bool {
	lo, hi := 0, len(list) // always at the start of a line, or at the end
	for lo < hi {
		mid := lo + (hi-lo)/2
		start := lo + strings.LastIndexByte(list[lo:mid], '\n') + 1
		line, _, _ := strings.Cut(list[start:hi], "\n")
		switch c := strings.Compare(word, line); {
		case c == 0:
			return true
		case c < 0:
			hi = start
		default:
			lo = start + len(line) + 1
		}
	}
	return false
}
