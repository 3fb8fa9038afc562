package bench

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// The product's parameters of Argon2id (pkg/password).
const (
	argonMemory = 19456 // KiB
	argonTime   = 2
)

// limits measures what bounds the service whatever its code: the signature in every access
// token, the hash in every sign-in, and the disk's word that a write is kept.
func (b *run) limits(ctx context.Context) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("bench: make a key: %w", err)
	}
	digest := sha256.Sum256([]byte("gatehouse"))
	b.say("RSA-2048 signatures on all cores")
	b.report.Limits.RSASignatures, err = b.rate(ctx, runtime.GOMAXPROCS(0), func() error {
		_, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("bench: sign: %w", err)
	}
	b.say("Argon2id hashes on all cores")
	b.report.Limits.Argon2idHashes, err = b.rate(ctx, runtime.GOMAXPROCS(0), func() error {
		argon2.IDKey([]byte("a password"), digest[:16], argonTime, argonMemory, 1, 32)
		return nil
	})
	if err != nil {
		return fmt.Errorf("bench: hash: %w", err)
	}
	b.say("durable writes, one at a time")
	b.report.Limits.DurableWrites, err = b.durableWrites(ctx)
	return err
}

// durableWrites counts how often a second 4 KiB reach the disk where the temporary folder is.
func (b *run) durableWrites(ctx context.Context) (float64, error) {
	dir, err := os.MkdirTemp("", "gatehouse-bench-")
	if err != nil {
		return 0, fmt.Errorf("bench: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	f, err := os.Create(filepath.Join(dir, "file")) //nolint:gosec // the folder was made a moment ago
	if err != nil {
		return 0, fmt.Errorf("bench: %w", err)
	}
	defer func() { _ = f.Close() }()
	page := make([]byte, 4<<10)
	perSecond, err := b.rate(ctx, 1, func() error {
		_, err := f.WriteAt(page, 0)
		return errors.Join(err, f.Sync())
	})
	if err != nil {
		return 0, fmt.Errorf("bench: write: %w", err)
	}
	return perSecond, nil
}

// rate returns how often a second so many callers together can do something.
func (b *run) rate(ctx context.Context, callers int, do func() error) (float64, error) {
	turn, stop := context.WithTimeout(ctx, b.Duration)
	defer stop()
	var all sync.WaitGroup
	var done atomic.Int64
	errs := make([]error, callers)
	began := usageNow(0)
	for i := range callers {
		all.Go(func() {
			for turn.Err() == nil && errs[i] == nil {
				errs[i] = do()
				done.Add(1)
			}
		})
	}
	all.Wait()
	used := began.since()
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	b.busy.add(used)
	return round(float64(done.Load())/used.elapsed.Seconds(), 1), nil
}
