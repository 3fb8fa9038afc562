package pages

import (
	"net/http"
	"net/url"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/locale"
)

// The names of fields, as the services call them in their faults.
const (
	fieldEmail       = "email"
	fieldPassword    = "password"
	fieldNewPassword = "newPassword"
	fieldName        = "name"
	fieldCode        = "invitationCode"
	fieldToken       = "token"
	fieldContinue    = "continue"
)

// visit is one request for a page: the call, the reader's language, and the fields of the query
// or of the form.
type visit struct {
	*httpkit.Call
	locale.Locale
	url.Values
}

func language(r *http.Request) locale.Locale { return locale.Match(r.Header.Get("Accept-Language")) }

// visit makes one, unless it asks to end where no visit may end.
func (h *Handler) visit(c *httpkit.Call, values url.Values) (visit, error) {
	_, err := h.Handoffs.Destination(values.Get(fieldContinue))
	return visit{c, language(c.Request), values}, err
}

// page makes a handler of a function that answers a GET. Parameters that nobody here knows are
// left alone: mailers and search engines add theirs to every link.
func (h *Handler) page(f func(visit) (httpkit.Reply, error), names ...string) httpkit.Handler {
	return func(c *httpkit.Call) (httpkit.Reply, error) {
		query, err := url.ParseQuery(c.Request.URL.RawQuery)
		if err != nil {
			return httpkit.Reply{}, fault.New(fault.Invalid, "invalid_query", "the query is badly encoded").With(err)
		}
		known := url.Values{}
		for _, name := range names {
			if len(query[name]) > 1 {
				return httpkit.Reply{}, fault.InvalidField(name, "duplicate_field", "the parameter is given twice")
			}
			if query.Has(name) {
				known[name] = query[name]
			}
		}
		v, err := h.visit(c, known)
		if err != nil {
			return httpkit.Reply{}, err
		}
		return f(v)
	}
}

// form makes a handler of a function that answers one of our own forms, which has exactly these
// fields at most.
func (h *Handler) form(f func(visit) (httpkit.Reply, error), fields ...string) httpkit.Handler {
	return httpkit.Form(func(c *httpkit.Call, values url.Values) (httpkit.Reply, error) {
		v, err := h.visit(c, values)
		if err != nil {
			return httpkit.Reply{}, err
		}
		return f(v)
	}, fields...)
}

// link returns a path that carries where to go after signing in.
func (v visit) link(path string) string {
	if wanted := v.Get(fieldContinue); wanted != "" {
		return path + "?" + url.Values{fieldContinue: {wanted}}.Encode()
	}
	return path
}

// redirect answers a form that has done its work: reloading what comes next repeats nothing.
func redirect(to string) httpkit.Reply {
	return httpkit.Reply{Status: http.StatusSeeOther, Header: http.Header{"Location": {to}}}
}
