// Package bridge answers servers that hold a bridge secret: whether the id of a session that
// they were shown is good, whose it is, and a signed statement of that which others behind them
// check without asking anybody.
//
// It owns the secrets, how often they and session ids may be guessed, and what a trust token
// says and looks like. It does not decide whether a session lives (session) and does not know
// where in a request a secret or an id stands.
package bridge
