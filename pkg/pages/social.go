package pages

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// Signing in with an identity provider: the browser is sent there and comes back. What it brings
// back is an answer of the provider; tokens are in no address.

const (
	socialPath    = "/auth/social/"
	paramProvider = "provider"
	fieldTicket   = "ticket"
)

// answerNames are the parameters of a provider's answer (RFC 6749 section 4.1.2, RFC 9207). Others
// that providers add are nobody's here.
var answerNames = []string{"state", "code", "error", "iss"}

func (v visit) provider() string { return v.Params.ByName(paramProvider) }

// callback is where a provider sends the browser back.
func (h *Handler) callback(provider string) string {
	return h.Social.PublicURL + socialPath + provider + "/callback"
}

func (h *Handler) socialLogin(v visit) (httpkit.Reply, error) {
	begun, err := h.begin(v, "")
	if err != nil {
		return httpkit.Reply{}, err
	}
	reply := redirect(begun.URL)
	reply.Header.Set("Set-Cookie", h.binding(begun.Cookie))
	return reply, nil
}

func (h *Handler) begin(v visit, invitation string) (social.Begun, error) {
	return h.Social.Begin(v.Context, v.Actor, social.Start{
		Provider: v.provider(), RedirectURI: h.callback(v.provider()), Destination: v.Get(fieldContinue),
		Ticket: v.Get(fieldTicket), Invitation: invitation, Cookies: httpkit.Cookies(v.Request),
	})
}

// socialSignUp takes the sign-up form, for its invitation code, to a provider. What else is filled in
// is for the other button. Browsers hold a redirect after a form to form-action, which no policy of
// ours opens to providers and whatever they redirect to: the browser goes on from a page.
func (h *Handler) socialSignUp(v visit) (httpkit.Reply, error) {
	code := strings.TrimSpace(v.Get(fieldCode))
	if code == "" && h.Signin.Registration == signin.InviteOnly { // rather than at the end
		return h.again(v, atField(signin.ErrInvitationRequired), h.signUpView(v, false))
	}
	begun, err := h.begin(v, code)
	if err != nil {
		if f := fault.From(err); aboutCode(f) {
			return h.again(v, atField(f), h.signUpView(v, false))
		}
		return httpkit.Reply{}, err
	}
	with := v.Text("pages.sign_in.with", "provider", brandOf(v.provider()))
	reply, err := h.show(v.Locale, &view{Title: with, Next: &link{begun.URL, with}})
	reply.Header["Set-Cookie"] = []string{h.binding(begun.Cookie)}
	reply.Header["Refresh"] = []string{"0; url=" + begun.URL}
	return reply, err
}

// binding returns the header that sets or removes the cookie of a flow.
func (h *Handler) binding(c social.Cookie) string {
	return httpkit.Binding(c.Name, c.Value, c.MaxAge, h.Secure)
}

func (h *Handler) socialCallback(v visit) (httpkit.Reply, error) {
	done, err := h.Social.Finish(v.Context, v.Actor, social.Answer{
		Provider: v.provider(), RedirectURI: h.callback(v.provider()), State: v.Get("state"), Code: v.Get("code"),
		Error: v.Get("error"), Issuer: v.Get("iss"), Cookies: httpkit.Cookies(v.Request),
	})
	if err != nil {
		return httpkit.Reply{}, err
	}
	if done.Linked {
		reply := redirect(done.Destination)
		reply.Header.Set("Set-Cookie", h.binding(done.Cookie))
		return reply, nil
	}
	ticket, err := h.Handoffs.Enter(done.Grant, done.Destination)
	if err != nil {
		return httpkit.Reply{}, err
	}
	// No redirect to the page that takes the ticket: a browser that comes from another site would
	// not bring the cookie along.
	return h.arrival(v.Call, http.Header{"Set-Cookie": {h.cookie(ticket), h.binding(done.Cookie)}})
}

// socialForm takes an answer that a provider has the browser post, which brings no cookie along
// because it comes from another site, and has the browser ask for the same by GET, which does.
func (h *Handler) socialForm(c *httpkit.Call) (httpkit.Reply, error) {
	values, err := httpkit.ForeignForm(c.Request)
	if err != nil {
		return httpkit.Reply{}, err
	}
	known := url.Values{}
	for _, name := range answerNames {
		if values.Has(name) {
			known[name] = values[name]
		}
	}
	return redirect(socialPath + url.PathEscape(c.Params.ByName(paramProvider)) + "/callback?" + known.Encode()), nil
}

// providers are links to sign in with each provider.
func (h *Handler) providers(v visit) []link {
	var links []link
	for _, b := range h.providerButtons(v) {
		links = append(links, link{v.link(b.Action), b.Text})
	}
	return links
}

// providerButtons send the form that they are in to each provider.
func (h *Handler) providerButtons(v visit) []button {
	var buttons []button
	for _, name := range h.Social.Providers.Names() {
		buttons = append(buttons, button{socialPath + name + "/login", v.Text("pages.sign_in.with", "provider", brandOf(name))})
	}
	return buttons
}

// brandOf returns how a provider writes its own name.
func brandOf(name string) string {
	known := map[string]string{
		"google": "Google", "github": "GitHub", "facebook": "Facebook", "apple": "Apple", "discord": "Discord", "microsoft": "Microsoft",
	}
	if brand, ok := known[name]; ok {
		return brand
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
