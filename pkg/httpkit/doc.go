// Package httpkit is what every door shares: the shield in front of all routes, strict
// reading of requests, credentials and addresses of callers, and one way from a returned
// error to a written answer.
//
// It knows HTTP and nothing about accounts: it asks services who a credential belongs to
// and leaves every rule, and the shape of every answer, to others.
package httpkit
