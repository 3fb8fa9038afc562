package httpkit

import (
	"net/http"
	"net/url"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

// JSON makes a Handler of a function that takes a JSON body.
func JSON[Q any](h func(*Call, Q) (Reply, error)) Handler {
	return func(c *Call) (Reply, error) {
		var q Q
		if err := readJSON(c.Request, &q); err != nil {
			return Reply{}, err
		}
		return h(c, q)
	}
}

// OptionalJSON is JSON for a body that may be left out.
func OptionalJSON[Q any](h func(*Call, Q) (Reply, error)) Handler {
	return func(c *Call) (Reply, error) {
		var q Q
		if c.Request.ContentLength != 0 {
			if err := readJSON(c.Request, &q); err != nil {
				return Reply{}, err
			}
		}
		return h(c, q)
	}
}

// errCrossSite answers a form that another site sent.
var errCrossSite = fault.New(fault.Forbidden, "cross_site", "this form was sent from another site; open the page and send it from there")

// SameOrigin refuses calls that a browser sent from another site, because cookies and addresses
// would vouch for somebody who did not mean it.
func SameOrigin(h Handler) Handler {
	guard := http.NewCrossOriginProtection()
	return func(c *Call) (Reply, error) {
		if err := guard.Check(c.Request); err != nil {
			return Reply{}, errCrossSite
		}
		return h(c)
	}
}

// Form makes a Handler of a function that takes the fields of a form on one of our own pages,
// each of the names at most once. It has SameOrigin in it.
func Form(h func(*Call, url.Values) (Reply, error), names ...string) Handler {
	return SameOrigin(func(c *Call) (Reply, error) {
		if !isMediaType(c.Request, "application/x-www-form-urlencoded") {
			return Reply{}, errFormType
		}
		values, err := readForm(c.Request, names...)
		if err != nil {
			return Reply{}, err
		}
		return h(c, values)
	})
}

// Token makes a Handler of a function that takes the token parameter of RFC 7662 and RFC
// 7009, from a form or from JSON.
func Token(h func(c *Call, token string) (Reply, error)) Handler {
	return func(c *Call) (Reply, error) {
		q := struct {
			Token string `json:"token"`
			Hint  string `json:"token_type_hint"`
		}{}
		if isMediaType(c.Request, "application/x-www-form-urlencoded") {
			form, err := readForm(c.Request, "token", "token_type_hint")
			if err != nil {
				return Reply{}, err
			}
			q.Token = form.Get("token")
		} else if err := readJSON(c.Request, &q); err != nil {
			return Reply{}, err
		}
		if q.Token == "" {
			return Reply{}, fault.InvalidField("token", "required", "token is required")
		}
		return h(c, q.Token)
	}
}
