package flowless

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// maxAnswer is the longest answer of a provider that is made a query of, in bytes.
const maxAnswer = 8 << 10

// at returns the URL of a route of the dialect, from the configuration alone.
func (h *Handler) at(parts ...string) string {
	to := h.Base + "/auth"
	for _, part := range parts {
		to += "/" + url.PathEscape(part)
	}
	return to
}

// flowCookie has a browser keep or forget a cookie of a flow.
func (h *Handler) flowCookie(c social.Cookie) http.Header {
	return http.Header{"Set-Cookie": {httpkit.Binding(c.Name, c.Value, c.MaxAge, h.Cookie.Secure)}}
}

func (h *Handler) socialLogin(c *httpkit.Call) (httpkit.Reply, error) {
	name := c.Params.ByName("provider")
	return h.begin(c, social.Start{Provider: name, RedirectURI: h.at("social", name, "callback")}, "redirect_uri", "format", "ticket")
}

// oauth is socialLogin for the documented providers only: they share one callback, and an answer
// there does not tell which of them it is from (RFC 9700 section 4.4.2). Its end is the documented
// JSON unless it was told where to go.
func (h *Handler) oauth(c *httpkit.Call) (httpkit.Reply, error) {
	name := c.Params.ByName("provider")
	if !slices.Contains(documented[:], name) {
		return httpkit.Reply{}, provider.ErrUnknown
	}
	q := social.Start{Provider: name, RedirectURI: h.at("oauth", "callback")}
	if !c.Request.URL.Query().Has("redirect_uri") {
		q.Format = "json"
	}
	return h.begin(c, q, "redirect_uri")
}

// begin sends a browser to a provider.
func (h *Handler) begin(c *httpkit.Call, q social.Start, names ...string) (httpkit.Reply, error) {
	query, err := httpkit.Query(c.Request, names...)
	if err != nil {
		return httpkit.Reply{}, err
	}
	if format, err := format(query); err != nil {
		return httpkit.Reply{}, err
	} else if format != "" {
		q.Format = format
	}
	q.Destination, q.Ticket, q.Cookies = query.Get("redirect_uri"), query.Get("ticket"), httpkit.Cookies(c.Request)
	b, err := h.Social.Begin(c.Context, c.Actor, q)
	if err != nil {
		if f := fault.From(err); len(f.Fields) == 1 && f.Fields[0].Field == "continue" {
			err = fault.InvalidField("redirect_uri", f.Fields[0].Code, "redirect_uri is a path, or a URL of an origin that this service allows")
		}
		return httpkit.Reply{}, err
	}
	header := h.flowCookie(b.Cookie)
	header.Set("Location", b.URL)
	return httpkit.Reply{Status: http.StatusFound, Header: header}, nil
}

func format(query url.Values) (string, error) {
	switch f := query.Get("format"); f {
	case "", "json":
		return f, nil
	default:
		return "", fault.InvalidField("format", "unknown_value", "format is json, or left out")
	}
}

func (h *Handler) socialCallback(c *httpkit.Call) (httpkit.Reply, error) {
	name := c.Params.ByName("provider")
	return h.finish(c, social.Answer{Provider: name, RedirectURI: h.at("social", name, "callback")})
}

// oauthCallback learns the provider from the state.
func (h *Handler) oauthCallback(c *httpkit.Call) (httpkit.Reply, error) {
	return h.finish(c, social.Answer{RedirectURI: h.at("oauth", "callback")})
}

// finish answers a browser that a provider has sent back. What goes wrong is answered as an error
// of the dialect: the browser goes nowhere with it.
func (h *Handler) finish(c *httpkit.Call, a social.Answer) (httpkit.Reply, error) {
	query, err := answered(c.Request.URL.Query(), "format")
	if err != nil {
		return httpkit.Reply{}, err
	}
	wanted, err := format(query)
	if err != nil {
		return httpkit.Reply{}, err
	}
	a.State, a.Code, a.Error, a.Issuer = query.Get("state"), query.Get("code"), query.Get("error"), query.Get("iss")
	a.Cookies = httpkit.Cookies(c.Request)
	out, err := h.Social.Finish(c.Context, c.Actor, a)
	if err != nil {
		return httpkit.Reply{}, err
	}
	reply, err := h.finished(out)
	if err != nil {
		return httpkit.Reply{}, err
	}
	if wanted == "" && out.Format == "" {
		reply.Status, reply.Body = http.StatusFound, nil
		reply.Header.Set("Location", out.Destination)
	}
	return reply, nil
}

// finished answers a flow's end as JSON, with the cookies that go with it.
func (h *Handler) finished(out social.Finished) (httpkit.Reply, error) {
	forget := h.flowCookie(out.Cookie)
	if out.Linked {
		reply, err := ok(linked(out.Provider))
		reply.Header = forget
		return reply, err
	}
	reply, err := h.opened(out.Grant, h.cameBy(out.Grant, "social_auth", out.Provider))
	reply.Header["Set-Cookie"] = append(reply.Header["Set-Cookie"], forget["Set-Cookie"]...)
	return reply, err
}

// answered returns what counts of the parameters that a provider answered with. Providers add
// others of their own; none that counts may come twice (RFC 6749 section 3.1).
func answered(values url.Values, besides ...string) (url.Values, error) {
	out := url.Values{}
	for _, name := range append([]string{"state", "code", "error", "iss"}, besides...) {
		switch all := values[name]; len(all) {
		case 0:
		case 1:
			out.Set(name, all[0])
		default:
			return nil, fault.InvalidField(name, "duplicate_field", "the parameter is given twice")
		}
	}
	return out, nil
}

func (h *Handler) socialForm(c *httpkit.Call) (httpkit.Reply, error) {
	return h.again(c, h.at("social", c.Params.ByName("provider"), "callback"))
}

func (h *Handler) oauthForm(c *httpkit.Call) (httpkit.Reply, error) {
	return h.again(c, h.at("oauth", "callback"))
}

var errForm = fault.New(fault.Invalid, "invalid_form", "the form is longer than what providers send")

// again takes the answer of a provider that has browsers send a form: another site's, so that they
// bring no cookie along. They come again by themselves, with it.
func (h *Handler) again(c *httpkit.Call, to string) (httpkit.Reply, error) {
	form, err := httpkit.ForeignForm(c.Request)
	if err != nil {
		return httpkit.Reply{}, err
	}
	query, err := answered(form)
	if err != nil {
		return httpkit.Reply{}, err
	}
	answer := query.Encode()
	if len(answer) > maxAnswer {
		return httpkit.Reply{}, errForm
	}
	return httpkit.Reply{Status: http.StatusSeeOther, Header: http.Header{"Location": {to + "?" + answer}}}, nil
}
