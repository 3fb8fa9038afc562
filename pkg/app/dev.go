package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/apikey"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// DevCredentials is what `serve --dev` prints. They are made anew at every start, and those
// of the start before are dead.
type DevCredentials struct {
	Publishable, Secret string // API keys
	Email, Password     string // of a superadmin
}

const (
	devName  = "dev"
	devEmail = "admin@example.com"
)

// PrepareDev makes the credentials of a development server.
func (a *App) PrepareDev(ctx context.Context) (*DevCredentials, error) {
	by := identity.Actor{CLI: true}
	old, err := a.APIKeys.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	for _, k := range old {
		if k.Name == devName && k.RevokedAt.IsZero() {
			if err := a.APIKeys.Revoke(ctx, by, k.ID); err != nil {
				return nil, fmt.Errorf("revoke the API key of the last start: %w", err)
			}
		}
	}
	c := &DevCredentials{Email: devEmail, Password: opaque.Random(20)}
	if _, c.Publishable, err = a.APIKeys.Create(ctx, by, apikey.New{Name: devName, Kind: identity.Publishable}); err != nil {
		return nil, fmt.Errorf("make an API key: %w", err)
	}
	secret := apikey.New{Name: devName, Kind: identity.Secret, Scopes: identity.AllScopes()}
	if _, c.Secret, err = a.APIKeys.Create(ctx, by, secret); err != nil {
		return nil, fmt.Errorf("make an API key: %w", err)
	}
	a.API.FillIn(c.Publishable)
	a.devKey = c.Publishable
	return c, a.devAdmin(ctx, by, c.Password)
}

func (a *App) devAdmin(ctx context.Context, by identity.Actor, password string) error {
	top, yes := identity.Superadmin, true
	_, err := a.Accounts.Create(ctx, by, account.Draft{Email: devEmail, Password: password}, account.Setting{UserType: &top, Verified: &yes})
	if errors.Is(err, account.ErrEmailExists) {
		err = a.Accounts.SetPassword(ctx, by, devEmail, password)
	}
	if err != nil {
		return fmt.Errorf("make an administrator: %w", err)
	}
	return nil
}
