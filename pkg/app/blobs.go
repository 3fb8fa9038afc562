package app

import (
	"context"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/picture"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/s3"
)

// buildPictures makes the service of profile pictures and has the relay delete what nobody shows.
func (a *App) buildPictures(ctx context.Context) error {
	blobs, err := openBlobs(ctx, a.Config, a.Store)
	if err != nil {
		return err
	}
	a.Pictures = &picture.Service{
		Blobs: blobs, Store: a.Store, Accounts: a.Accounts, Guard: a.guard, Uploads: policy("upload", a.Config.LimitUpload),
		PublicURL: a.Config.PublicURL, Now: a.Now,
	}
	a.Relay.Handlers[account.PictureKind] = a.Pictures.CarryOutReleases
	return nil
}

// openBlobs returns what keeps blobs: the store itself, or a bucket that can be reached.
func openBlobs(ctx context.Context, cfg config.Config, st store.Store) (store.Blobs, error) {
	b, elsewhere := cfg.Bucket()
	if !elsewhere {
		return st, nil
	}
	blobs, err := s3.Open(ctx, s3.Options{
		Endpoint: b.Endpoint, TLS: b.TLS, Region: b.Region, Bucket: b.Name, Prefix: b.Prefix,
		AccessKey: b.AccessKey, SecretKey: b.SecretKey.Reveal(),
	})
	if err != nil {
		return nil, fmt.Errorf("GATEHOUSE_BLOBS: %w", err)
	}
	return blobs, nil
}
