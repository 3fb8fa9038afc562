package pages

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/handoff"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// errPrefetch answers a browser that fetches ahead what its reader has not asked for.
var errPrefetch = fault.New(fault.Forbidden, "prefetch_refused", "this link works once; it is not for fetching ahead")

// paramToken is the parameter of a third party's link.
const paramToken = "SF_Token"

// arrive takes the link of a third party or of an app, and answers with a page that is the same
// for everybody. What the link was good for waits in a cookie that no script reads and no other
// site sends.
func (h *Handler) arrive(c *httpkit.Call) (httpkit.Reply, error) {
	if prefetches(c.Request) {
		return httpkit.Reply{}, errPrefetch
	}
	query, err := httpkit.Query(c.Request, paramToken, "code", fieldContinue)
	if err != nil {
		return httpkit.Reply{}, err
	}
	if len(query) == 0 && h.ticket(c.Request) != "" {
		return h.arrival(c, nil)
	}
	ticket, err := h.take(c, query)
	if err != nil {
		return httpkit.Reply{}, err
	}
	return h.arrival(c, http.Header{"Set-Cookie": {h.cookie(ticket)}})
}

// prefetches reads what browsers say of a navigation that may never happen.
func prefetches(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") || r.Header.Get("Purpose") == "prefetch"
}

func (h *Handler) take(c *httpkit.Call, query url.Values) (ticket string, err error) {
	wanted := query.Get(fieldContinue)
	switch {
	case query.Has(paramToken) == query.Has("code"):
		return "", handoff.ErrInvalid
	case query.Has("code"):
		return h.Handoffs.Open(c.Context, query.Get("code"), wanted)
	}
	carried, err := handoff.ParseAuthorization(query.Get(paramToken))
	if err != nil {
		return "", err
	}
	return h.Handoffs.Take(c.Context, c.Actor, carried, wanted)
}

func (h *Handler) arrival(c *httpkit.Call, also http.Header) (httpkit.Reply, error) {
	l := language(c.Request)
	doc, err := h.draw("arrival", l, &view{Title: l.Text("pages.arrival.title")})
	header := headers(arrivalPolicy)
	for name, values := range also {
		header[name] = values
	}
	return httpkit.Reply{Status: http.StatusOK, Header: header, Body: doc}, err
}

// exchanged is what the page's script gets for the ticket, once.
type exchanged struct {
	Authorization handoff.Authorization `json:"authorization"`
	Destination   string                `json:"destination"`
	OwnOrigin     bool                  `json:"ownOrigin"`
	Confirm       bool                  `json:"confirm"`
}

func (h *Handler) exchange(c *httpkit.Call, _ struct{}) (httpkit.Reply, error) {
	arrived, err := h.Handoffs.Exchange(c.Context, c.Actor, h.ticket(c.Request))
	if err != nil {
		return httpkit.Reply{}, err
	}
	g := arrived.Grant
	return httpkit.Reply{
		Status: http.StatusOK, Header: http.Header{"Set-Cookie": {h.cookie("")}},
		Body: exchanged{
			Authorization: handoff.Authorization{
				Email: g.User.Email, ExpiresIn: int64(g.ExpiresIn / time.Second), AccessToken: g.AccessToken,
				LocalID: g.User.ID, RefreshToken: g.RefreshToken,
			},
			Destination: arrived.Destination, OwnOrigin: arrived.OwnOrigin, Confirm: arrived.Confirm,
		},
	}, nil
}

// cookieName has the prefix by which browsers keep a cookie to this host and to https.
func (h *Handler) cookieName() string {
	if h.Secure {
		return "__Host-gatehouse-handoff"
	}
	return "gatehouse-handoff"
}

// cookie returns the header that sets the ticket, or takes it away when it is empty.
func (h *Handler) cookie(ticket string) string {
	c := http.Cookie{ //nolint:gosec // Secure wherever the pages are reached by https
		Name: h.cookieName(), Value: ticket, Path: "/", MaxAge: int(handoff.Life / time.Second),
		Secure: h.Secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
	if ticket == "" {
		c.MaxAge = -1
	}
	return c.String()
}

// ticket returns what the cookie holds, and nothing when there are two of them: one is not ours.
func (h *Handler) ticket(r *http.Request) string {
	cookies := r.CookiesNamed(h.cookieName())
	if len(cookies) != 1 {
		return ""
	}
	return cookies[0].Value
}

// renderArrival answers a link that does not work: nothing is stored, and nothing stays behind.
func (h *Handler) renderArrival(w http.ResponseWriter, r *http.Request, requestID string, f *fault.Error) {
	h.forget(w, r, f)
	if f.Kind != fault.Invalid {
		h.render(w, r, requestID, f)
		return
	}
	l := language(r)
	h.write(w, l, &view{
		Title: l.Text("pages.arrival.failed.title"), Intro: []string{l.Text("pages.arrival.failed.text")},
		Next:      &link{mail.SignInPath, l.Text("pages.to_sign_in")},
		FinePrint: l.Text("pages.failed.request", "id", requestID),
	}, f, requestID)
}

// refuseExchange answers the page's script.
func (h *Handler) refuseExchange(w http.ResponseWriter, r *http.Request, requestID string, f *fault.Error) {
	h.forget(w, r, f)
	httpkit.WriteProblem(w, requestID, f)
}

// forget takes away a ticket that is in the way. One that was not looked at stays.
func (h *Handler) forget(w http.ResponseWriter, r *http.Request, f *fault.Error) {
	if f.Kind == fault.Invalid && len(r.CookiesNamed(h.cookieName())) > 0 {
		w.Header().Set("Set-Cookie", h.cookie(""))
	}
}
