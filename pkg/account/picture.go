package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// PictureKind is the consequence by which a blob is deleted that its account does not show.
const PictureKind identity.ConsequenceKind = "picture_release"

type pictureRelease struct {
	UserID string `json:"user_id"`
	BlobID string `json:"blob_id"`
}

// ReleasePicture returns the consequence that deletes a blob at due unless the account shows it
// then. It is recorded before there is the blob, and again with the change that stops showing it.
func ReleasePicture(userID, blobID string, due time.Time) identity.Consequence {
	data, _ := json.Marshal(pictureRelease{UserID: userID, BlobID: blobID}) // strings always encode
	return identity.Consequence{ID: opaque.Random(opaque.IDLength), Kind: PictureKind, DueAt: due, Data: data}
}

// Released returns the blob that a consequence of PictureKind is about, and whether it is to be
// deleted: nobody shows it.
func (s *Service) Released(ctx context.Context, c identity.Consequence) (blobID string, unshown bool, err error) {
	var r pictureRelease
	if err := json.Unmarshal(c.Data, &r); err != nil {
		return "", false, fmt.Errorf("account: read release of a picture: %w", err)
	}
	u, err := s.Find(ctx, r.UserID)
	if errors.Is(err, ErrNotFound) {
		return r.BlobID, true, nil
	}
	return r.BlobID, err == nil && u.Picture != r.BlobID, err
}

// SetPicture makes a blob the picture of the actor's own account, or none when id is empty, and
// has the one before deleted.
func (s *Service) SetPicture(ctx context.Context, by identity.Actor, id string) (identity.User, error) {
	return s.change(ctx, by, by.User.ID, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		if u.Picture == id {
			return nil, errUnchanged
		}
		also := append(dropPicture(*u, now), s.event(by, audit.PictureChanged, *u, now))
		u.Picture = id
		return also, nil
	})
}

// dropPicture returns what must follow when u stops showing its picture.
func dropPicture(u identity.User, now time.Time) []identity.Consequence {
	if u.Picture == "" {
		return nil
	}
	return []identity.Consequence{ReleasePicture(u.ID, u.Picture, now)}
}
