package app

import (
	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/picture"
)

// buildPictures makes the service of profile pictures and has the relay delete what nobody shows.
func (a *App) buildPictures() {
	a.Pictures = &picture.Service{
		Blobs: a.Store, Store: a.Store, Accounts: a.Accounts, Guard: a.guard, Uploads: policy("upload", a.Config.LimitUpload),
		PublicURL: a.Config.PublicURL, Now: a.Now,
	}
	a.Relay.Handlers[account.PictureKind] = a.Pictures.CarryOutReleases
}
