package password_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/password"
)

// mustHash returns the hash of p.
func mustHash(t testing.TB, h *password.Hasher, p string) string {
	t.Helper()
	phc, err := h.Hash(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return phc
}

func TestHashIsArgon2idWithTheDocumentedParameters(t *testing.T) {
	h := password.New(password.Config{})
	form := regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)
	one, two := mustHash(t, h, "correct horse battery"), mustHash(t, h, "correct horse battery")
	if !form.MatchString(one) {
		t.Errorf("Hash = %q", one)
	}
	if one == two {
		t.Error("two hashes of one password are equal: the salt is not random")
	}
	ok, rehash, err := h.Verify(t.Context(), one, "correct horse battery")
	if !ok || rehash || err != nil {
		t.Errorf("Verify = %v, %v, %v; want true, false, nil", ok, rehash, err)
	}
}

func TestDifferentPasswordsAreDifferent(t *testing.T) {
	h := password.New(password.Config{})
	long := strings.Repeat("0123456789ab", 6) // 72 bytes, where bcrypt stops
	for _, c := range []struct{ name, stored, tried string }{
		{"one character more after 72 bytes", long, long + "x"},
		{"another character after 72 bytes", long + "y", long + "x"},
		{"what follows a NUL counts", "abc\x00def", "abc\x00xyz"},
		{"a NUL at the end counts", "abcdefgh", "abcdefgh\x00"},
		{"case counts", "Abcdefgh", "abcdefgh"},
		{"spaces around it count", "abcdefgh", " abcdefgh "},
		{"a compatibility form is another character", "ﬁne-words", "fine-words"},
		{"one code point less at 4096 bytes", strings.Repeat("x", 4096), strings.Repeat("x", 4095)},
		{"nothing is a password of its own", "", "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			phc := mustHash(t, h, c.stored)
			if ok, _, err := h.Verify(t.Context(), phc, c.tried); ok || err != nil {
				t.Errorf("Verify(%q) of the hash of %q = %v, %v; want false, nil", c.tried, c.stored, ok, err)
			}
			if ok, _, err := h.Verify(t.Context(), phc, c.stored); !ok || err != nil {
				t.Errorf("Verify of the password itself = %v, %v; want true, nil", ok, err)
			}
		})
	}
}

func TestNormalisationFormsOfOnePasswordAreEqual(t *testing.T) {
	h := password.New(password.Config{})
	const nfc, nfd = "Z\u00fcrich-caf\u00e9", "Zu\u0308rich-cafe\u0301"
	for _, stored := range []string{nfc, nfd} {
		phc := mustHash(t, h, stored)
		for _, tried := range []string{nfc, nfd} {
			if ok, _, err := h.Verify(t.Context(), phc, tried); !ok || err != nil {
				t.Errorf("%+q against the hash of %+q: %v, %v; want true, nil", tried, stored, ok, err)
			}
		}
	}
}

func TestForeignHashesAreTriedInBothForms(t *testing.T) {
	h := password.New(password.Config{})
	const nfc, nfd = "Z\u00fcrich-caf\u00e9", "Zu\u0308rich-cafe\u0301"
	for _, c := range []struct {
		name, stored, tried string
		want                bool
	}{
		{"made from form C, typed in form D", nfc, nfd, true},
		{"made from form D, typed in form D", nfd, nfd, true},
		{"made from form D, typed in form C", nfd, nfc, false}, // its maker told them apart
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := bcrypt.GenerateFromPassword([]byte(c.stored), bcrypt.MinCost)
			if err != nil {
				t.Fatal(err)
			}
			if ok, _, err := h.Verify(t.Context(), string(b), c.tried); ok != c.want || err != nil {
				t.Errorf("Verify = %v, %v; want %v, nil", ok, err, c.want)
			}
		})
	}
}

func TestNobodyHasNoPassword(t *testing.T) {
	h := password.New(password.Config{})
	for _, p := range []string{"", "password", strings.Repeat("\x00", 32)} {
		if ok, rehash, err := h.Verify(t.Context(), "", p); ok || rehash || err != nil {
			t.Errorf("Verify of an empty hash with %q = %v, %v, %v; want false, false, nil", p, ok, rehash, err)
		}
		if err := h.VerifyNobody(t.Context(), p); err != nil {
			t.Errorf("VerifyNobody(%q) = %v", p, err)
		}
	}
}

func TestTooLongPasswordsAreNeverHashed(t *testing.T) {
	h := password.New(password.Config{Parallel: 1, Queue: -1})
	phc := mustHash(t, h, "correct horse battery")
	release := occupy(t, h) // now whoever wanted to hash would be refused
	defer release()
	long := strings.Repeat("x", 10<<20)
	_, err := h.Hash(t.Context(), long)
	if f := fault.From(err); f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Code != "too_long" {
		t.Errorf("Hash = %v, want an Invalid fault too_long", err)
	}
	if ok, _, err := h.Verify(t.Context(), phc, long); ok || err != nil {
		t.Errorf("Verify = %v, %v; want false, nil", ok, err)
	}
	if err := h.VerifyNobody(t.Context(), long); err != nil {
		t.Errorf("VerifyNobody = %v", err)
	}
}

// occupy takes the only slot of h until the returned function is called.
func occupy(t *testing.T, h *password.Hasher) (release func()) {
	t.Helper()
	begun, done, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- h.Do(context.Background(), false, func() { close(begun); <-done })
	}()
	<-begun
	return func() {
		close(done)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestEveryMethodWaitsItsTurn(t *testing.T) {
	h := password.New(password.Config{Parallel: 1, Queue: -1})
	phc := mustHash(t, h, "correct horse battery")
	release := occupy(t, h)
	for name, call := range map[string]func() error{
		"Hash":                   func() error { _, err := h.Hash(t.Context(), "p"); return err },
		"Verify":                 func() error { _, _, err := h.Verify(t.Context(), phc, "p"); return err },
		"Verify without hash":    func() error { _, _, err := h.Verify(t.Context(), "", "p"); return err },
		"Verify a bcrypt hash":   func() error { _, _, err := h.Verify(t.Context(), "$2b$04$"+strings.Repeat("C", 53), "p"); return err },
		"Verify a firebase hash": func() error { _, _, err := h.Verify(t.Context(), firebase, "p"); return err },
		"VerifyNobody":           func() error { return h.VerifyNobody(t.Context(), "p") },
	} {
		if err := call(); !errors.Is(err, password.ErrOverloaded) {
			t.Errorf("%s = %v, want ErrOverloaded", name, err)
		}
	}
	release()
	if ok, _, err := h.Verify(t.Context(), phc, "correct horse battery"); !ok || err != nil {
		t.Errorf("Verify after the others = %v, %v; want true, nil", ok, err)
	}
}

func TestABurstOfSignInsIsAnsweredOrRefused(t *testing.T) {
	h := password.New(password.Config{Parallel: 2, Queue: 8, Wait: time.Minute})
	phc := mustHash(t, h, "correct horse battery")
	results := make(chan error, 500)
	for range cap(results) {
		go func() {
			ok, _, err := h.Verify(context.Background(), phc, "correct horse battery")
			if err == nil && !ok {
				err = errors.New("the right password was refused")
			}
			results <- err
		}()
	}
	var passed int
	for range cap(results) {
		switch err := <-results; {
		case err == nil:
			passed++
		case !errors.Is(err, password.ErrOverloaded):
			t.Error(err)
		}
	}
	if passed < 10 { // two at work and eight in the queue
		t.Errorf("%d of 500 passed, want at least 10", passed)
	}
}
