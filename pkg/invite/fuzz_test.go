package invite_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
)

// FuzzCursor holds that a cursor is taken only as a page would have written it, and means
// what it meant then.
func FuzzCursor(f *testing.F) {
	id := strings.Repeat("aB3x", 5)
	f.Add("")
	f.Add(invite.Cursor(identity.Invitation{ID: id, CreatedAt: time.UnixMilli(1_800_000_000_000)}))
	for _, text := range []string{"1." + id, "+1." + id, "01." + id, "1." + strings.Repeat("\xff", 20), "9223372036854775807." + id, "1", ".", id} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(text)))
	}
	f.Fuzz(func(t *testing.T, s string) {
		before, id, ok := invite.ParseCursor(s)
		if !ok || s == "" {
			return
		}
		if again := invite.Cursor(identity.Invitation{ID: id, CreatedAt: before}); again != s {
			t.Fatalf("%q is taken for %q", s, again)
		}
		if len(id) != 20 || strings.Trim(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
			t.Fatalf("%q names %q", s, id)
		}
		if year := before.Year(); year < 1970 || year > 9999 {
			t.Fatalf("%q names the year %d", s, year)
		}
	})
}

// FuzzCode holds that a code is taken only in a form that codes are made in: two texts with one
// hash are one UUID in different cases.
func FuzzCode(f *testing.F) {
	for _, s := range []string{"", "x", "5B0f3a3e-94cb-4d79-9b1b-0d5f0a3a2c11", "iv_" + strings.Repeat("a", 20) + "." + strings.Repeat("b", 43), "{5b0f3a3e-94cb-4d79-9b1b-0d5f0a3a2c11}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, hash, ok := invite.ParseCode(s)
		if !ok {
			return
		}
		if len(hash) != 32 || id == "" && len(s) != 36 || id != "" && !strings.HasPrefix(s, "iv_"+id) {
			t.Fatalf("%q names %q by %x", s, id, hash)
		}
		if _, lower, _ := invite.ParseCode(strings.ToLower(s)); id == "" && !bytes.Equal(hash, lower) {
			t.Fatalf("%q is two codes", s)
		}
	})
}
