package picture

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	// MaxUpload is the largest request that brings a picture, in bytes: 5 MiB and the form around it.
	MaxUpload = 5<<20 + 64<<10
	// JPEG is the media type of most pictures as they are kept.
	JPEG = "image/jpeg"
	// PNG is the media type of those that one can see through.
	PNG = "image/png"
	// Path is where pictures are served below the public URL, followed by their id.
	Path = "/pictures/"

	// held is how long a blob may exist that no account shows. It is well above what putting it
	// and naming it may take, so that one whose naming is under way is not deleted, whatever the
	// clocks of two nodes differ by.
	held    = time.Minute
	putTime = 20 * time.Second
)

// ErrNotFound answers an id that no picture has.
var ErrNotFound = fault.New(fault.NotFound, "not_found", "there is no such picture")

var errTaken = errors.New("picture: a random id is taken")

// Service gives accounts their pictures. All fields are needed; it is safe for concurrent use.
type Service struct {
	Blobs     store.Blobs
	Store     store.Consequences // where the accounts are
	Accounts  *account.Service
	Guard     *limit.Guard
	Uploads   limit.Policy // per account
	PublicURL string       // without a slash at its end
	Now       func() time.Time

	darkroom darkroom
}

// Stored is a picture that an account shows from now on.
type Stored struct {
	User     identity.User
	URL      string
	Size     int64  // in bytes, as it is kept
	Original int64  // and as it came
	Method   string // how one became the other
}

// Set makes a picture of data and has the actor's account show it. What cannot be taken is an
// Invalid fault that names the field picture.
func (s *Service) Set(ctx context.Context, by identity.Actor, data []byte) (Stored, error) {
	if err := s.Guard.Take(ctx, limit.Hit{Policy: s.Uploads, Subject: by.User.ID}); err != nil {
		return Stored{}, err
	}
	made, err := s.darkroom.develop(ctx, data)
	if err != nil {
		return Stored{}, err
	}
	u, err := s.show(ctx, by, made)
	if err != nil {
		return Stored{}, err
	}
	return Stored{User: u, URL: s.URL(u), Size: int64(len(made.Data)), Original: int64(len(data)), Method: "reencoded"}, nil
}

// show puts a blob and names it in the account. First it is written down that the blob goes unless
// the account names it a minute later, so a crash leaves nothing behind for longer than that.
func (s *Service) show(ctx context.Context, by identity.Actor, b store.Blob) (identity.User, error) {
	ctx, cancel := context.WithTimeout(ctx, putTime)
	defer cancel()
	b.ID, b.CreatedAt = opaque.Random(opaque.IDLength), s.Now()
	if err := s.Store.Record(ctx, account.ReleasePicture(by.User.ID, b.ID, b.CreatedAt.Add(held))); err != nil {
		return identity.User{}, fmt.Errorf("picture: record: %w", err)
	}
	err := s.Blobs.PutBlob(ctx, b)
	if errors.Is(err, store.ErrExists) {
		return identity.User{}, errTaken
	}
	if err != nil {
		return identity.User{}, fmt.Errorf("picture: put: %w", err)
	}
	return s.Accounts.SetPicture(ctx, by, b.ID)
}

// Remove has the actor's account show no picture. That it shows none already is no error.
func (s *Service) Remove(ctx context.Context, by identity.Actor) error {
	_, err := s.Accounts.SetPicture(ctx, by, "")
	return err
}

// CarryOutReleases is the relay's handler of account.PictureKind: it deletes blobs that their
// accounts do not show. It is idempotent.
func (s *Service) CarryOutReleases(ctx context.Context, batch []identity.Consequence) error {
	for _, c := range batch {
		id, unshown, err := s.Accounts.Released(ctx, c)
		if err != nil {
			return err
		}
		if !unshown {
			continue
		}
		if err := s.Blobs.DeleteBlob(ctx, id); err != nil {
			return fmt.Errorf("picture: delete: %w", err)
		}
	}
	return nil
}

// Open returns a picture. It is for everybody who knows its id.
func (s *Service) Open(ctx context.Context, id string) (store.Blob, error) {
	if !wellFormed(id) {
		return store.Blob{}, ErrNotFound
	}
	b, err := s.Blobs.Blob(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return store.Blob{}, ErrNotFound
	}
	if err != nil {
		return store.Blob{}, fmt.Errorf("picture: open: %w", err)
	}
	return b, nil
}

// wellFormed reports whether an id could be one of ours. No other one reaches the store.
func wellFormed(id string) bool {
	return len(id) == opaque.IDLength && strings.IndexFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0
}

// URL returns where the account's picture is, empty when it shows none.
func (s *Service) URL(u identity.User) string {
	if u.Picture == "" {
		return ""
	}
	return s.PublicURL + Path + u.Picture
}
