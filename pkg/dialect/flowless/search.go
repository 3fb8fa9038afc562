package flowless

import (
	"cmp"
	"net/url"
	"strconv"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

func (h *Handler) searchUsers(c *httpkit.Call) (httpkit.Reply, error) {
	q, err := httpkit.Query(c.Request, "q", "userType", "user_type", "page", "limit", "session_id", "sessionId", "device_id")
	if err != nil {
		return httpkit.Reply{}, err
	}
	page, err := number(q, "page")
	if err != nil {
		return httpkit.Reply{}, err
	}
	limit, err := number(q, "limit")
	if err != nil {
		return httpkit.Reply{}, err
	}
	userType, err := same(q, "userType", "user_type")
	if err != nil {
		return httpkit.Reply{}, err
	}
	found, err := h.Accounts.Search(c.Context, c.Actor, account.Search{
		Text: q.Get("q"), UserType: userType, Page: page, Limit: limit,
	})
	if err != nil {
		return httpkit.Reply{}, err
	}
	users := make([]body, 0, len(found.Users))
	for _, u := range found.Users {
		users = append(users, h.user(u))
	}
	pagination := body{"page": found.Page, "limit": found.Limit, "total": found.Total, "pages": found.Pages}
	return ok(body{"success": true, "data": body{"users": users, "pagination": pagination}})
}

// same reads a parameter that has two spellings.
func same(q url.Values, name, other string) (string, error) {
	if q.Has(name) && q.Has(other) {
		return "", fault.InvalidField(name, "duplicate_field", name+" is given twice")
	}
	return cmp.Or(q.Get(name), q.Get(other)), nil
}

// number reads a positive number from a query; one that is not there is 0.
func number(q url.Values, name string) (int, error) {
	if !q.Has(name) {
		return 0, nil
	}
	n, err := strconv.ParseUint(q.Get(name), 10, 31)
	if err != nil || n == 0 {
		return 0, fault.InvalidField(name, "invalid", name+" is a number from 1")
	}
	return int(n), nil
}
