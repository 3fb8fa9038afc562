package flowless

import (
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// Errors of what is documented and not there.
var (
	errNoTwoFactor = fault.New(fault.NotImplemented, "two_factor_not_available", "two-factor authentication is not available on this service")
	errNoSocial    = fault.New(fault.NotImplemented, "social_not_available", "social sign-in is not available on this service")
)

// providers are the social providers that the documents name.
var providers = [...]string{"google", "github", "facebook", "apple", "discord", "microsoft"}

// absent are the routes that say that something is not there.
func (h *Handler) absent() []httpkit.Route {
	twoFactor, social := refused(errNoTwoFactor), refused(errNoSocial)
	return []httpkit.Route{
		{Method: get, Path: "/auth/two_factor/system", Access: anybody, Handle: twoFactor},
		{Method: get, Path: "/auth/two_factor/methods", Access: anybody, Handle: twoFactor},
		{Method: post, Path: "/auth/two_factor/verify", Access: anybody, Handle: twoFactor},
		{Method: post, Path: "/auth/two_factor/toggle", Access: anybody, Handle: twoFactor},
		{Method: post, Path: "/auth/two_factor/:id/setup", Access: anybody, Handle: twoFactor},
		{Method: post, Path: "/auth/two_factor/:id/start", Access: anybody, Handle: twoFactor},
		{Method: del, Path: "/auth/two_factor/:id", Access: anybody, Handle: twoFactor},
		{Method: get, Path: "/auth/social/providers", Access: anybody, Handle: h.socialProviders},
		{Method: get, Path: "/auth/social/accounts", Access: user, Handle: h.socialAccounts},
		{Method: del, Path: "/auth/social/accounts/:provider", Access: user, Handle: social},
		{Method: get, Path: "/auth/social/:provider/login", Access: anybody, Handle: social},
		{Method: get, Path: "/auth/social/:provider/callback", Access: anybody, Handle: social},
		{Method: post, Path: "/auth/social/:provider/login-api", Access: anybody, Handle: social},
		{Method: get, Path: "/auth/oauth/callback", Access: anybody, Handle: social},
		{Method: get, Path: "/auth/oauth/:provider", Access: anybody, Handle: social},
	}
}

func refused(err error) httpkit.Handler {
	return func(*httpkit.Call) (httpkit.Reply, error) { return httpkit.Reply{}, err }
}

// socialProviders says the truth: the documented ones, none of them enabled.
func (h *Handler) socialProviders(*httpkit.Call) (httpkit.Reply, error) {
	all := make([]body, 0, len(providers))
	for _, name := range providers {
		all = append(all, body{
			"provider": name, "enabled": false,
			"loginUrl": "/auth/social/" + name + "/login", "apiLoginUrl": "/auth/social/" + name + "/login-api",
		})
	}
	return ok(body{"success": true, "data": body{"providers": []body{}, "allProviders": all, "globallyEnabled": false}})
}

func (h *Handler) socialAccounts(*httpkit.Call) (httpkit.Reply, error) {
	return ok(body{"success": true, "data": body{"accounts": []body{}}})
}
