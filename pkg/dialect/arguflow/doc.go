// Package arguflow answers the Arguflow dialect: accounts that begin with an invitation by mail,
// and sessions that a browser holds in a cookie. It owns the dialect's routes, shapes and error
// texts; every rule is the services'.
//
// It refuses members that the dialect does not have, and writes that the page of another site has
// a browser send.
package arguflow
