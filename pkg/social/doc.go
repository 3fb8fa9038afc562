// Package social owns the flows of signing in with an identity provider: what a browser carries
// to the provider and back, and what of it may be used how often.
//
// A state travels with the browser through the provider; a cookie stays in the browser. Neither
// is worth anything without the other, and both are kept nowhere: that a state, a ticket or an ID
// token was used is a count in the store, so that of any number of tries on any number of nodes
// one goes on. It refuses to talk to providers itself (provider), and decides nothing about
// accounts (signin, account).
package social
