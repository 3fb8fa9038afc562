package password

import "strings"

const (
	// sequences are read in both directions: the alphabet, the digits round and round, the rows
	// and columns of English, German and French keyboards, and zigzags over two rows.
	sequences = "abcdefghijklmnopqrstuvwxyz 01234567890123456789 " +
		"qwertyuiop[] asdfghjkl;' zxcvbnm,./ !@#$%^&*()_+ qwertzuiop yxcvbnm azertyuiop qsdfghjklm wxcvbn " +
		"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/ 1q2w3e4r5t6y7u8i9o0p q1w2e3r4t5y6u7i8o9p0 qawsedrftgyhujikolp"

	minPiece  = 3 // characters of a sequence that make a piece
	maxPieces = 3 // pieces that are still easy to guess
)

// predictable reports whether s consists of at most three pieces, each of them part of a
// sequence, one repeated character or a year: "qwerty123456", "11112222", "abc20242025".
func predictable(s string) bool {
	if s == "" {
		return false
	}
	// fewest[i] is how few pieces make up s[:i]; a number above maxPieces means they do not.
	fewest := make([]int, len(s)+1)
	for i := range fewest[1:] {
		fewest[i+1] = maxPieces + 1
	}
	for i := range len(s) {
		if fewest[i] >= maxPieces {
			continue
		}
		longest := run(s[i:])
		for n := minPiece; n <= longest; n++ {
			fewest[i+n] = min(fewest[i+n], fewest[i]+1)
		}
		if year(s[i:]) {
			fewest[i+4] = min(fewest[i+4], fewest[i]+1)
		}
	}
	return fewest[len(s)] <= maxPieces
}

// run returns how many bytes at the start of s repeat one character or follow a sequence.
func run(s string) int {
	longest := 0
	for longest < len(s) && s[longest] == s[0] && s[0] < 0x80 {
		longest++
	}
	for row := range strings.FieldsSeq(sequences) {
		first, last := strings.IndexByte(row, s[0]), strings.LastIndexByte(row, s[0])
		if first < 0 {
			continue
		}
		longest = max(longest, follow(s, row[first:], 1), follow(s, row[:last+1], -1))
	}
	return longest
}

// follow returns how many bytes at the start of s are those of row, read forwards from its
// start (step 1) or backwards from its end (step -1).
func follow(s, row string, step int) int {
	at := 0
	if step < 0 {
		at = len(row) - 1
	}
	n := 0
	for n < len(s) && at >= 0 && at < len(row) && s[n] == row[at] {
		n++
		at += step
	}
	return n
}

// year reports whether s starts with a year of somebody's life.
func year(s string) bool {
	return len(s) >= 4 && (s[:2] == "19" || s[:2] == "20") && digit(s[2]) && digit(s[3])
}

func digit(b byte) bool { return '0' <= b && b <= '9' }
