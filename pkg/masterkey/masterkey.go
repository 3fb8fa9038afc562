package masterkey

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Size is the length of a master key in bytes.
const Size = 32

const shown = "[master key]"

// ErrFormat says that a string is not a master key. Errors that wrap it tell its length and
// never its content.
var ErrFormat = errors.New("not a master key: want exactly 32 bytes as base64 or hex, for example from `openssl rand -base64 32`")

// Key is a master key. It is immutable and safe for concurrent use. The zero Key is no key:
// see IsZero.
type Key struct {
	// A function, because fmt prints the unexported fields of a struct that holds a Key without
	// asking its methods, and a code address is all it can then show.
	secret func() *[Size]byte
}

// New returns a random key from crypto/rand.
func New() Key {
	var b [Size]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program first
	return hold(&b)
}

func hold(b *[Size]byte) Key { return Key{secret: func() *[Size]byte { return b }} }

// Parse reads a key from standard or URL-safe base64, padded or not, or from hex. White space
// around it is dropped. Errors wrap ErrFormat.
func Parse(s string) (Key, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Key{}, fmt.Errorf("%w; it is empty", ErrFormat)
	}
	raw, ok := decode(s)
	if !ok {
		return Key{}, fmt.Errorf("%w; these %d characters are something else", ErrFormat, len(s))
	}
	if strings.Count(string(raw), string(raw[:1])) == Size {
		return Key{}, fmt.Errorf("%w; this one repeats a single byte, which looks like a placeholder", ErrFormat)
	}
	return hold((*[Size]byte)(raw)), nil
}

// decode tries each encoding. The lengths of hex and base64 differ, so that no text is a key
// in both.
func decode(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false // encoding/base64 would skip them
	}
	if b, err := hex.DecodeString(s); err == nil && len(b) == Size {
		return b, true
	}
	encodings := []*base64.Encoding{
		base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding,
	}
	for _, e := range encodings {
		if b, err := e.Strict().DecodeString(s); err == nil && len(b) == Size {
			return b, true
		}
	}
	return nil, false
}

func (k Key) encode() string { return base64.StdEncoding.EncodeToString(k.secret()[:]) }

// IsZero reports whether k is the zero Key, which holds nothing and must not be used.
func (k Key) IsZero() bool { return k.secret == nil }

// Equal compares two keys in constant time.
func (k Key) Equal(other Key) bool {
	if k.IsZero() || other.IsZero() {
		return k.IsZero() && other.IsZero()
	}
	return subtle.ConstantTimeCompare(k.secret()[:], other.secret()[:]) == 1
}

// String shows that there is a key and nothing of it.
func (Key) String() string { return shown }

// GoString shows that there is a key and nothing of it.
func (Key) GoString() string { return shown }

// Format shows that there is a key and nothing of it, whatever the verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, shown) }

// LogValue shows that there is a key and nothing of it.
func (Key) LogValue() slog.Value { return slog.StringValue(shown) }

// MarshalText shows that there is a key and nothing of it, so that JSON does not either.
func (Key) MarshalText() ([]byte, error) { return []byte(shown), nil }
