package password_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/password"
)

func FuzzCheckHash(f *testing.F) {
	for _, s := range []string{
		"", "$", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", firebase,
		"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$scrypt$ln=14,r=8,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$pbkdf2-sha256$i=1000,l=32$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		memory, err := password.MemoryOf(s)
		if err != nil {
			if !errors.Is(err, password.ErrUnknownHash) && !errors.Is(err, password.ErrCostlyHash) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if memory <= 0 || memory > 512<<20 {
			t.Errorf("%q takes %d bytes", s, memory)
		}
		if again, ok := password.Rewrite(s); ok {
			if third, ok := password.Rewrite(again); !ok || third != again {
				t.Errorf("%q is rewritten as %q and then as %q", s, again, third)
			}
		}
	})
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"", "Password12345678", "correct horse battery", "e\u0301clair au chocolat", "\xff", "1q2w3e4r5t", "ﷺﷺﷺﷺﷺﷺﷺﷺ", "adalovelace2024"} {
		f.Add(s, "ada.lovelace+tag@example.com")
	}
	f.Fuzz(func(t *testing.T, p, about string) {
		err := password.Check("password", p, about)
		if err != nil {
			if k := fault.From(err).Kind; k != fault.Invalid && k != fault.Unprocessable {
				t.Errorf("Check(%q, %q) = %v", p, about, err)
			}
			return
		}
		n := utf8.RuneCountInString(norm.NFC.String(p))
		if n < 8 || n > 128 || len(p) > 512 || !utf8.ValidString(p) {
			t.Errorf("%q was accepted: %d characters, %d bytes", p, n, len(p))
		}
		if strings.EqualFold(p, about) {
			t.Errorf("%q was accepted although it is known", p)
		}
		if d := norm.NFD.String(p); len(d) <= 512 {
			if err := password.Check("password", d, about); err != nil {
				t.Errorf("%q is accepted, its form D is not: %v", p, err)
			}
		}
	})
}
