package provider

import "github.com/gatehouse-id/gatehouse/pkg/fault"

// What goes wrong with a provider. The private cause never holds a token, a secret, a URL or a
// text of the provider's beyond a short code.
var (
	// ErrRejected is a code or token that is wrong, expired, for somebody else or was used before.
	ErrRejected = fault.New(fault.Unauthenticated, "social_rejected", "the provider's answer does not prove who you are; start again")
	// ErrUnavailable is a provider that is down, slow or says what nobody understands.
	ErrUnavailable = fault.New(fault.Unavailable, "social_unavailable", "the provider does not answer as it should; try again later")
	// ErrAccessTokenUnsupported is an access token of a provider that cannot prove whom it was made for.
	ErrAccessTokenUnsupported = fault.New(fault.Invalid, "access_token_unsupported", "this provider's access tokens prove nothing; send an ID token")
	// ErrIDTokenUnsupported is an ID token for a provider that makes none.
	ErrIDTokenUnsupported = fault.New(fault.Invalid, "id_token_unsupported", "this provider makes no ID tokens; send an access token")
	// ErrUnknown is a provider that is not configured.
	ErrUnknown = fault.New(fault.NotFound, "social_provider_unknown", "this provider is not set up here")
)
