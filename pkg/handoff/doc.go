// Package handoff brings a signed-in person into a browser: from a third-party site that holds
// an AuthorizationResponse, from an app in another browser tab or on another origin, and from
// our own sign-in page.
//
// It owns what a link may carry, how often it works and where the browser may go afterwards.
// Codes and tickets are authenticated and kept nowhere; that one was used is a count in the
// store, so that of any number of tries on any number of nodes one succeeds. It writes no page
// and sets no cookie (pages), and starts or rotates no session itself (session).
package handoff
