// Package provider owns what is said between Gatehouse and identity providers: it sends browsers
// to them, redeems what they answer, and turns what they prove into an identity.Assertion.
//
// It refuses to know accounts, sessions and browsers. It believes a provider about nobody but the
// provider's own users, about an address only where the provider documents that it has seen its
// reader, and never takes a token that was made for somebody else (RFC 9700, OpenID Connect Core).
package provider
