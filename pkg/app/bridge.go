package app

import (
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/bridge"
	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
)

// buildBridge makes the service that vouches for sessions, and keeps the public keys of its
// tokens when the key set does not have them.
func (a *App) buildBridge(master masterkey.Key) error {
	cfg := a.Config
	var trust bridge.Trust = bridge.JWT{Keys: a.Keys, Minter: a.Sessions.Minter}
	if cfg.TrustToken == "paseto" {
		p, err := bridge.NewPASETO(master.Derive("trust tokens"))
		if err != nil {
			return fmt.Errorf("open bridge: %w", err)
		}
		trust, a.pasetoKeys = p, p.PublicKeys()
	}
	a.Bridge = &bridge.Service{
		Secrets: bridge.Hash(reveal(cfg.BridgeSecrets)...), Sessions: a.Sessions, Guard: a.guard, Fairness: a.fairness,
		Limits: bridgeLimits(cfg), Trust: trust, Issuer: cfg.PublicURL, Audience: cfg.Audience, TTL: cfg.TrustTokenTTL,
		Now: a.Now, Log: a.Log,
	}
	return nil
}

func reveal(secrets []config.Secret) []string {
	out := make([]string, len(secrets))
	for i, s := range secrets {
		out[i] = s.Reveal()
	}
	return out
}
