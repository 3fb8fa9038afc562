// Package pages owns the hosted pages: signing in and up, setting another password, confirming
// an address, undoing a change of one, and the page that brings a signed-in person into an app.
//
// They are plain forms of one look that work without scripts, in the reader's language. A GET
// changes nothing, so that a mail scanner may follow every link; a token from a link is repeated
// in a hidden field only. Only the last page, whose work happens in the browser, has a script,
// and it is served without any data in it.
//
// The package decides nothing about accounts, sessions or where a browser may go: it calls
// signin, account and handoff, once per request, and shows what they answer.
package pages
