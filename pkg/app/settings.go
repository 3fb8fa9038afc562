package app

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/bridge"
	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
)

// clockSkew is how far the clocks of nodes and verifiers may differ.
const clockSkew = 30 * time.Second

func keyPolicy(cfg config.Config) keyset.Policy {
	return keyset.Policy{
		Rotation: cfg.KeyRotation, Lead: cfg.KeyLead, TokenTTL: cfg.AccessTokenTTL, Skew: clockSkew,
		MaxAge: cfg.JWKSMaxAge, Bits: cfg.KeyBits,
	}
}

func policy(name string, r config.Rate) limit.Policy {
	return limit.Policy{Name: name, Limit: r.Limit, Window: r.Window}
}

// signinLimits derives the wider budgets from the configured ones: an address may try ten
// accounts, and an account is tried ten times as often from everywhere before it is besieged.
func signinLimits(cfg config.Config) signin.Limits {
	login := policy("login", cfg.LimitLogin)
	return signin.Limits{
		Login:    login,
		Account:  limit.Policy{Name: "login_account", Limit: 10 * login.Limit, Window: 4 * login.Window},
		Address:  limit.Policy{Name: "login_address", Limit: 10 * login.Limit, Window: login.Window},
		Register: policy("register", cfg.LimitRegister),
		Code:     policy("code", cfg.LimitCode),
		Invite:   limit.Policy{Name: "invite", Limit: 10 * cfg.LimitMail.Limit, Window: cfg.LimitMail.Window},
	}
}

// inviters are users where not everybody may register, unless the operator says otherwise.
func inviters(cfg config.Config) signin.Inviters {
	switch {
	case cfg.ArguflowInviters != "":
		return signin.Inviters(cfg.ArguflowInviters)
	case cfg.Registration == string(signin.Open):
		return signin.Anyone
	default:
		return signin.Users
	}
}

// bridgeLimits: a bridge secret is guessed no more often than a code. No setting bounds made-up
// session ids: a server that relays what its visitors send it sends some of them.
func bridgeLimits(cfg config.Config) bridge.Limits {
	return bridge.Limits{
		Secret: policy("bridge", cfg.LimitCode), ID: limit.Policy{Name: "bridge_id", Limit: 100, Window: time.Minute},
	}
}

// accountLimits: an address may ask for ten times the mails that one recipient gets.
func accountLimits(cfg config.Config) account.Limits {
	mails := policy("mail", cfg.LimitMail)
	return account.Limits{
		Confirm: policy("confirm", cfg.LimitLogin), Proof: policy("proof", cfg.LimitCode),
		Mail: limit.Policy{Name: mails.Name, Limit: 10 * mails.Limit, Window: mails.Window}, Recipient: recipientLimits(cfg),
	}
}

// recipientLimits bound what one address gets, whatever the mails are about: often, and in a day.
func recipientLimits(cfg config.Config) []limit.Policy {
	return []limit.Policy{policy("mail_to", cfg.LimitMail), policy("mail_to_a_day", cfg.LimitMailDay)}
}

// wait pauses for d or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
