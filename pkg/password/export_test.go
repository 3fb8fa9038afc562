package password

import "context"

// CommonPasswords and BaseWords are the embedded lists.
var (
	CommonPasswords = commonPasswords
	BaseWords       = baseWords
	Listed          = listed
)

// Do runs work as Hash and Verify run theirs; large is what a costly foreign hash is.
func (h *Hasher) Do(ctx context.Context, large bool, work func()) error {
	return h.gate.do(ctx, large, work)
}

// MemoryOf returns what checking a stored hash takes, in bytes.
func MemoryOf(phc string) (int, error) {
	s, err := parse(phc)
	if err != nil {
		return 0, err
	}
	return s.memory(), nil
}

// Rewrite parses an Argon2 hash and writes it anew; false when phc is none.
func Rewrite(phc string) (string, bool) {
	s, err := parse(phc)
	if err != nil {
		return "", false
	}
	a, ok := s.(argon)
	return a.String(), ok
}
