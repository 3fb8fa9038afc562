package password_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/pbkdf2"
	"golang.org/x/crypto/scrypt"

	"github.com/gatehouse-id/gatehouse/pkg/password"
)

// firebase is the sample account of github.com/firebase/scrypt, README.md.
const firebase = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==," +
	"sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==" +
	"$42xEC+ixf3L2lw==" +
	"$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="

// phc makes a stored hash of a salt and a key.
func phc(head, salt string, key []byte) string {
	b64 := base64.RawStdEncoding
	return head + "$" + b64.EncodeToString([]byte(salt)) + "$" + b64.EncodeToString(key)
}

func fromHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPublishedHashesAreVerified(t *testing.T) {
	for _, c := range []struct{ name, password, phc string }{
		{"argon2id, reference implementation", "password",
			"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"},
		{"argon2id with two lanes, reference implementation", "password",
			"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"},
		{"argon2i, reference implementation", "password",
			"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"},
		{"argon2i with two lanes, reference implementation", "password",
			"$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E"},
		{"bcrypt 2a, crypt_blowfish", "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
		{"bcrypt 2a of nothing, crypt_blowfish", "", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"},
		{"bcrypt 2b", "U*U*", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"},
		{"bcrypt 2y", "U*U*U", "$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"},
		{"scrypt, RFC 7914 section 12", "password", phc("$scrypt$ln=10,r=8,p=16", "NaCl", fromHex(t,
			"fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"+
				"2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"))},
		{"scrypt with a larger N, RFC 7914 section 12", "pleaseletmein", phc("$scrypt$ln=14,r=8,p=1", "SodiumChloride", fromHex(t,
			"7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"+
				"d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"))},
		{"pbkdf2 with SHA-1, RFC 6070", "password",
			phc("$pbkdf2-sha1$i=4096", "salt", fromHex(t, "4b007901b765489abead49d926f721d065a429c1"))},
		{"pbkdf2 with SHA-1 over two blocks, RFC 6070", "passwordPASSWORDpassword",
			phc("$pbkdf2-sha1$i=4096,l=25", "saltSALTsaltSALTsaltSALTsaltSALTsalt",
				fromHex(t, "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"))},
		{"pbkdf2 with SHA-1 and a NUL inside, RFC 6070", "pass\x00word",
			phc("$pbkdf2-sha1$i=4096", "sa\x00lt", fromHex(t, "56fa6aa75548099dcc37d7f03425e0c3"))},
		{"pbkdf2 with SHA-256, RFC 7914 section 11", "passwd", phc("$pbkdf2-sha256$i=1", "salt", fromHex(t,
			"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"+
				"49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"))},
		{"pbkdf2 with SHA-1, passlib", "password", "$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI"},
		{"pbkdf2 with SHA-256, passlib", "password",
			"$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ"},
		{"pbkdf2 with SHA-512, passlib", "password", "$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow$" +
			"eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww"},
		{"firebase scrypt, its sample account", "user1password", firebase},
		{"pbkdf2 in the alphabet of URLs, padded", "password",
			"$pbkdf2-sha256$i=1212$4vjV83LKPjQzk31VI4E0Vw==$hsYF68OiOUPdDZ1Fg-fJPeq1h_gXXY7acBp9_6c-tmQ="},
	} {
		t.Run(c.name, func(t *testing.T) { verifies(t, c.phc, c.password, c.password+"x") })
	}
}

// verifies says what Verify must answer for a foreign hash of the password right.
func verifies(t *testing.T, phc, right string, wrong ...string) {
	t.Helper()
	h := password.New(password.Config{Parallel: 1})
	if err := password.CheckHash(phc); err != nil {
		t.Fatalf("CheckHash(%q): %v", phc, err)
	}
	ok, rehash, err := h.Verify(t.Context(), phc, right)
	if !ok || !rehash || err != nil {
		t.Errorf("the right password: ok %v, rehash %v, %v; want true, true, nil", ok, rehash, err)
	}
	for _, w := range wrong {
		ok, rehash, err = h.Verify(t.Context(), phc, w)
		if ok || rehash || err != nil {
			t.Errorf("%q: ok %v, rehash %v, %v; want false, false, nil", w, ok, rehash, err)
		}
	}
}

func TestHashesMadeByOtherCodeAreVerified(t *testing.T) {
	const right, salt = "Grüße, 世界", "0123456789abcdef"
	wrong := []string{right + "x", right + "\x00", right + "\x00" + right}
	for name, digest := range map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New} {
		t.Run("pbkdf2 with "+name, func(t *testing.T) {
			key := pbkdf2.Key([]byte(right), []byte(salt), 1000, digest().Size(), digest)
			verifies(t, phc("$pbkdf2-"+name+"$i=1000", salt, key), right, wrong...)
		})
	}
	t.Run("scrypt", func(t *testing.T) {
		key, err := scrypt.Key([]byte(right), []byte(salt), 1<<10, 4, 2, 32)
		if err != nil {
			t.Fatal(err)
		}
		verifies(t, phc("$scrypt$ln=10,r=4,p=2", salt, key), right, wrong...)
	})
	t.Run("bcrypt", func(t *testing.T) {
		b, err := bcrypt.GenerateFromPassword([]byte(right), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		verifies(t, string(b), right, wrong...)
	})
	t.Run("firebase scrypt with a NUL at the end", func(t *testing.T) {
		verifies(t, firebase, "user1password", "user1password\x00")
	})
	t.Run("argon2id with other parameters", func(t *testing.T) {
		key := argon2.IDKey([]byte(right), []byte(salt), 3, 1024, 2, 24)
		verifies(t, phc("$argon2id$v=19$m=1024,t=3,p=2", salt, key), right, wrong...)
	})
}

func TestAnyParameterThatIsNotOursAsksForARehash(t *testing.T) {
	h := password.New(password.Config{})
	for _, c := range []struct {
		name         string
		salt, key    uint32
		memory, time uint32
		threads      uint8
		want         bool
	}{
		{"ours", 16, 32, 19456, 2, 1, false},
		{"a shorter salt", 8, 32, 19456, 2, 1, true},
		{"a shorter key", 16, 24, 19456, 2, 1, true},
		{"less memory", 16, 32, 19455, 2, 1, true},
		{"more passes", 16, 32, 19456, 3, 1, true},
		{"more lanes", 16, 32, 19456, 2, 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			salt := strings.Repeat("s", int(c.salt))
			key := argon2.IDKey([]byte("a good password"), []byte(salt), c.time, c.memory, c.threads, c.key)
			head := fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d", c.memory, c.time, c.threads)
			ok, rehash, err := h.Verify(t.Context(), phc(head, salt, key), "a good password")
			if !ok || rehash != c.want || err != nil {
				t.Errorf("Verify = %v, %v, %v; want true, %v, nil", ok, rehash, err, c.want)
			}
		})
	}
}

func TestBcryptNeverTruncates(t *testing.T) {
	h := password.New(password.Config{})
	p := strings.Repeat("0123456789ab", 6) // 72 bytes
	b, err := bcrypt.GenerateFromPassword([]byte(p), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := h.Verify(t.Context(), string(b), p); !ok || err != nil {
		t.Errorf("72 bytes: %v, %v; want true", ok, err)
	}
	if ok, _, err := h.Verify(t.Context(), string(b), p+"x"); ok || err != nil {
		t.Errorf("73 bytes: %v, %v; want false, nil", ok, err)
	}
}

func TestHashesOverTheCeilingsAreNotComputed(t *testing.T) {
	h := password.New(password.Config{})
	key := make([]byte, 32)
	for _, head := range []string{
		"$argon2id$v=19$m=524289,t=1,p=1", "$argon2i$v=19$m=1024,t=11,p=1", "$argon2id$v=19$m=1024,t=1,p=17",
		"$argon2id$v=19$m=4294967295,t=4294967295,p=4294967295",
		"$scrypt$ln=21,r=1,p=1", "$scrypt$ln=10,r=33,p=1", "$scrypt$ln=10,r=8,p=17", "$scrypt$ln=20,r=8,p=1", "$scrypt$ln=18,r=32,p=1",
		"$scrypt$ln=4294967295,r=1,p=1",
		"$pbkdf2-sha256$i=10000001", "$pbkdf2-sha1$i=10000000", "$pbkdf2$10000001", "$pbkdf2-sha512$4294967295",
		"$fbscrypt$v=1,n=21,r=8,p=1,ss=Bw==,sk=" + strings.Repeat("A", 43),
	} {
		for what, err := range errorsOf(t, h, phc(head, "somesalt", key)) {
			if !errors.Is(err, password.ErrCostlyHash) {
				t.Errorf("%s: %s = %v, want ErrCostlyHash", head, what, err)
			}
		}
	}
	for _, cost := range []int{17, 31, 99} {
		for what, err := range errorsOf(t, h, fmt.Sprintf("$2b$%d$%s", cost, strings.Repeat("C", 53))) {
			if !errors.Is(err, password.ErrCostlyHash) {
				t.Errorf("bcrypt at %d: %s = %v, want ErrCostlyHash", cost, what, err)
			}
		}
	}
}

func errorsOf(t *testing.T, h *password.Hasher, phc string) map[string]error {
	t.Helper()
	ok, rehash, err := h.Verify(t.Context(), phc, "password")
	if ok || rehash {
		t.Errorf("Verify(%q) = %v, %v", phc, ok, rehash)
	}
	return map[string]error{"Verify": err, "CheckHash": password.CheckHash(phc)}
}

func TestHashesAtTheCeilingsAreAccepted(t *testing.T) {
	key := make([]byte, 20)
	for _, c := range []struct {
		head   string
		memory int
	}{
		{"$argon2id$v=19$m=524288,t=10,p=16", 512 << 20},
		{"$scrypt$ln=19,r=8,p=16", 512 << 20},
		{"$scrypt$ln=17,r=32,p=16", 512 << 20},
		{"$scrypt$ln=20,r=4,p=1", 512 << 20},
		{"$pbkdf2-sha1$i=10000000", 4 << 10},
	} {
		if got, err := password.MemoryOf(phc(c.head, "somesalt", key)); err != nil || got != c.memory {
			t.Errorf("%s: %d bytes, %v; want %d, nil", c.head, got, err, c.memory)
		}
	}
	if err := password.CheckHash("$2y$16$" + strings.Repeat("C", 53)); err != nil {
		t.Errorf("bcrypt at 16: %v", err)
	}
}

func TestDamagedHashesAreRefused(t *testing.T) {
	h := password.New(password.Config{})
	const argon = "$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if err := password.CheckHash(argon); err != nil {
		t.Fatalf("the sound hash: %v", err)
	}
	cases := []string{
		"plain text", "$", "$$$$$", "$2a$", "$2b$05$short", "$2x$05$" + strings.Repeat("C", 53), "$2b$03$" + strings.Repeat("C", 53),
		"$2b$05$" + strings.Repeat("C", 54), "$2b$05$" + strings.Repeat("C", 52) + "!", "$2b$05$" + strings.Repeat("C", 53) + "\n",
		"$1$salt$qJH7.N4xYta3aEG/dfqo/0", "{SSHA}abcdef", "x" + argon, argon + "$", argon + "\n", argon + strings.Repeat("A", 1024),
		"$scrypt$ln=10,r=8$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$pbkdf2-sha256$$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$pbkdf2-md5$1000$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$pbkdf2-sha256$01000$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$pbkdf2-sha256$i=1000,l=31$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
	}
	for _, r := range [][2]string{ // what a sound hash has, and what breaks it
		{"argon2id", "argon2d"}, {"argon2id", ""}, {"v=19", "v=16"}, {"v=19$", ""}, {"v=19", "v=019"},
		{"m=1024", "m=0"}, {"m=1024", "m=-1"}, {"m=1024", "m=+1"}, {"m=1024", "m="}, {"m=1024", "m"}, {"m=1024", "m=99999999999999999999"},
		{"t=1", "t=0"}, {"p=1", "p=0"}, {",p=1", ""}, {"p=1", "p=1,p=1"}, {"p=1", "p=1,x=1"}, {"p=1", "p=1,"}, {"t=1", "t=1e0"},
		{"c29tZXNhbHQ", ""}, {"c29tZXNhbHQ", "!"}, {"c29tZXNhbHQ", "c29tZ\nXNhbHQ"}, {"c29tZXNhbHQ", strings.Repeat("A", 172)}, {"c29tZXNhbHQ", "c29tZXNhbHQ" + strings.Repeat("=", 1024)},
		{"CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", ""}, {"CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "CTFhFdXPJO1aFaMaO6Mm"},
		{"CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", strings.Repeat("A", 172)},
	} {
		cases = append(cases, strings.Replace(argon, r[0], r[1], 1))
	}
	for _, r := range [][2]string{
		{"v=1,", ""}, {"v=1,", "v=2,"}, {"n=14", "n=x"}, {",sk=", ",sx="}, {"sk=jxspr8Ki", "sk="}, {"ss=Bw==", "ss=!"},
		{"$42xEC+ixf3L2lw==", "$"}, {"$42xEC+ixf3L2lw==", ""},
	} {
		cases = append(cases, strings.Replace(firebase, r[0], r[1], 1))
	}
	for _, c := range cases {
		for what, err := range errorsOf(t, h, c) {
			if !errors.Is(err, password.ErrUnknownHash) {
				t.Errorf("%q: %s = %v, want ErrUnknownHash", c, what, err)
			}
		}
	}
}
