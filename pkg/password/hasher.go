package password

import (
	"context"
	"crypto/rand"
	"runtime"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

// maxInput bounds what is normalised and hashed, in bytes. The policy is stricter; this one
// also holds for imported hashes, whose passwords an earlier policy let through.
const maxInput = 4096

// Config bounds the work of a Hasher. The zero value is usable.
type Config struct {
	// Parallel is how many hashes are computed at once, each in 19 MiB of memory.
	// Zero means GOMAXPROCS.
	Parallel int
	// Queue is how many calls may wait for their turn; a further one is refused at once.
	// Zero means 64, negative none.
	Queue int
	// Wait is how long a call waits for its turn before it is refused. Zero means 2 s.
	Wait time.Duration
}

// Hasher computes and checks password hashes, never more than Config.Parallel at once. It is
// safe for concurrent use. All its methods return ErrOverloaded when the queue is full, the
// wait is over or ctx has ended before the work began; work that has begun is finished.
type Hasher struct {
	gate *gate
	// nobody is the hash of no password, with the current parameters.
	nobody string
}

// New returns a Hasher with the bounds of cfg.
func New(cfg Config) *Hasher {
	if cfg.Parallel <= 0 {
		cfg.Parallel = runtime.GOMAXPROCS(0)
	}
	if cfg.Queue == 0 {
		cfg.Queue = 64
	}
	if cfg.Wait <= 0 {
		cfg.Wait = 2 * time.Second
	}
	// That some password has the all-zero key is as likely as guessing a 256-bit secret.
	nobody := argon{id: true, cost: current, salt: make([]byte, saltLength), key: make([]byte, keyLength)}
	return &Hasher{gate: newGate(cfg), nobody: nobody.String()}
}

// Hash returns an Argon2id hash (RFC 9106; m=19456 KiB, t=2, p=1; OWASP ASVS 11.4.2)
// under a fresh random salt, as a PHC string. It does not apply the policy: call Check first.
// Passwords of more than 4096 bytes are an Invalid fault, without any work.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > maxInput {
		return "", tooLong("password")
	}
	var out string
	err := h.gate.do(ctx, false, func() {
		a := argon{id: true, cost: current, salt: make([]byte, saltLength)}
		_, _ = rand.Read(a.salt) // never fails: crypto/rand ends the program first
		a.key = a.derive(norm.NFC.String(password), keyLength)
		out = a.String()
	})
	return out, err
}

// Verify reports whether password belongs to a stored hash, and, if it does, whether the
// password should be hashed anew because the stored hash is not what Hash makes today.
//
// It knows Argon2id and Argon2i, bcrypt, scrypt, PBKDF2 and Firebase scrypt; CheckHash says
// which hashes it accepts, and for the others returns the errors of CheckHash. With an empty
// hash it does the work of VerifyNobody. A foreign hash is tried with the password in form C
// and then as given, because its maker may not have normalised. Passwords of more than 4096
// bytes belong to no hash and cost nothing, whoever the user is.
func (h *Hasher) Verify(ctx context.Context, phc, password string) (ok, rehash bool, err error) {
	if phc == "" {
		phc = h.nobody
	}
	hash, err := parse(phc)
	if err != nil || len(password) > maxInput {
		return false, false, err
	}
	old := outdated(hash)
	gateErr := h.gate.do(ctx, hash.memory() > largeMemory, func() {
		nfc := norm.NFC.String(password)
		ok, err = hash.matches(nfc)
		if err == nil && !ok && old && nfc != password {
			ok, err = hash.matches(password)
		}
	})
	if gateErr != nil {
		return false, false, gateErr
	}
	return ok, ok && old, err
}

// VerifyNobody does for an unknown user, or one without a password, the work that Verify does
// for a known one, so that the time of the answer does not tell them apart (OWASP ASVS 6.3.8).
// No password matches.
func (h *Hasher) VerifyNobody(ctx context.Context, password string) error {
	_, _, err := h.Verify(ctx, h.nobody, password)
	return err
}

func tooLong(field string) error {
	return fault.InvalidField(field, "too_long", "the password is too long: at most 128 characters")
}
