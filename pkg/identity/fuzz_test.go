package identity_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// FuzzCanonicalEmail holds that the canonical form of an address is itself one, that it is its
// own canonical form, and that it hides nothing: it is visible ASCII with one @, whose local
// part is that of the address but for the case.
func FuzzCanonicalEmail(f *testing.F) {
	for _, s := range []string{
		"ada@example.com", "Ada@Example.COM", "ada@bücher.example", "ada@xn--bcher-kva.example", "ada@XN--BCHER-KVA.example", "ada@faß.example",
		"ada@\u212aate.example", "\u212aate@example.com", "a@b@c.example", `"a b"@c.example`, "a@[127.0.0.1]", "a@127.0.0.1", "a@b.", "a@b..c",
		"Evil <a@b.example>", "a@b.example\r\n", "a@ｂ。example", "a@xn--.example", "a@xn--a.example", "a@" + strings.Repeat("x", 300),
		strings.Repeat("x", 65) + "@b.example", "a@-b.example", "a@b_c.example", "a@عربي.example", "a@\u200db.example", "a@b\u00adc.example", "a@١.example", "a@b\xb4.example", "a@ℷb.example",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key, err := identity.CanonicalEmail(s)
		if err != nil {
			if key != "" {
				t.Fatalf("%q is refused and gives %q", s, key)
			}
			return
		}
		if again, err := identity.CanonicalEmail(key); again != key {
			t.Fatalf("%q is %q, which is %q (%v)", s, key, again, err)
		}
		local, domain, _ := strings.Cut(key, "@")
		if given, _, _ := strings.Cut(s, "@"); !strings.EqualFold(given, local) || utf8.RuneCountInString(given) != len(local) {
			t.Fatalf("%q is %q: another local part", s, key)
		}
		hidden := func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' || r == 0x7f || unicode.IsUpper(r) }
		if strings.ContainsFunc(key, hidden) || strings.Contains(domain, "@") || !strings.Contains(domain, ".") {
			t.Fatalf("%q is %q", s, key)
		}
		if len(key) > 254 || len(local) > 64 || strings.Contains(key, "..") || strings.HasSuffix(key, ".") {
			t.Fatalf("%q is %q", s, key)
		}
	})
}
