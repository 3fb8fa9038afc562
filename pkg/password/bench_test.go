package password_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/password"
)

func BenchmarkHash(b *testing.B) {
	h := password.New(password.Config{})
	b.ReportAllocs()
	for b.Loop() {
		mustHash(b, h, "correct horse battery staple")
	}
}

func BenchmarkHashParallel(b *testing.B) {
	h := password.New(password.Config{Queue: 1 << 10})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := h.Hash(b.Context(), "correct horse battery staple"); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	h := password.New(password.Config{})
	phc := mustHash(b, h, "correct horse battery staple")
	for b.Loop() {
		if ok, _, err := h.Verify(b.Context(), phc, "correct horse battery staple"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, p := range map[string]string{
		"usual":                   "correct horse battery staple",
		"long":                    strings.Repeat("Correct-Horse+42 ", 7),
		"worst found, all digits": strings.Repeat("135792468001", 10),
		"10 MB":                   strings.Repeat("x", 10<<20),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_ = password.Check("password", p, "ada.lovelace@example.com", "Ada", "Lovelace")
			}
		})
	}
}
