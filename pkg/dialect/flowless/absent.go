package flowless

import (
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// errNoTwoFactor answers what is documented and not there.
var errNoTwoFactor = fault.New(fault.NotImplemented, "two_factor_not_available", "two-factor authentication is not available on this service")

// absent are the routes that say that something is not there.
func (h *Handler) absent() []httpkit.Route {
	twoFactor := func(*httpkit.Call) (httpkit.Reply, error) { return httpkit.Reply{}, errNoTwoFactor }
	return []httpkit.Route{
		{Method: get, Path: "/auth/two_factor/system", Access: anybody, Handle: twoFactor},
		{Method: get, Path: "/auth/two_factor/methods", Access: anybody, Handle: twoFactor},
		{Method: post, Path: "/auth/two_factor/verify", Access: anybody, Handle: twoFactor},
		{Method: post, Path: "/auth/two_factor/toggle", Access: anybody, Handle: twoFactor},
		{Method: post, Path: "/auth/two_factor/:id/setup", Access: anybody, Handle: twoFactor},
		{Method: post, Path: "/auth/two_factor/:id/start", Access: anybody, Handle: twoFactor},
		{Method: del, Path: "/auth/two_factor/:id", Access: anybody, Handle: twoFactor},
	}
}
