package provider

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

const (
	metadataAge = time.Hour       // how long what a provider says of itself is good
	metadataMax = 24 * time.Hour  // how long it is used when the provider says nothing new
	failureAge  = 3 * time.Second // how long a failure is not tried again
	newsWait    = time.Second     // how long to wait for news of a provider that is known already
)

// metadata is what a provider says of itself (OpenID Connect Discovery section 3), or what is
// known of one that says nothing.
type metadata struct {
	issuer      string // with {tenantid} in it for many of Microsoft's tenants
	authURL     string
	tokenURL    string
	userinfoURL string
	style       oauth2.AuthStyle
	sendsIssuer bool // RFC 9207
	companies   bool // of Microsoft's many tenants, all but that of personal accounts
	algorithms  []string
	keys        oidc.KeySet
}

// metadata returns what is known of the provider, asking it when nothing is or when it was too
// long ago.
func (p *Provider) metadata(ctx context.Context) (*metadata, error) {
	if !p.known.openID {
		return &metadata{authURL: p.known.authURL, tokenURL: p.known.tokenURL, userinfoURL: p.known.userinfoURL, style: oauth2.AuthStyleInParams}, nil
	}
	return p.discovery.get(ctx)
}

// discovery remembers what one provider has said. Whoever waits for an answer waits together
// with the others; nobody holds the lock meanwhile.
type discovery struct {
	provider *Provider
	flight   singleflight.Group

	mu     sync.Mutex
	found  *metadata
	at     time.Time // of found
	failed error
	next   time.Time // when to ask again
}

func (d *discovery) get(ctx context.Context) (*metadata, error) {
	if m, err := d.remembered(); m != nil || err != nil {
		return m, err
	}
	detached := context.WithoutCancel(ctx) // others wait for it too; the client gives up by itself
	answer := d.flight.DoChan("", func() (any, error) { return d.ask(detached) })
	waiting, before := ctx, d.before()
	if before != nil {
		var enough context.CancelFunc
		waiting, enough = context.WithTimeout(ctx, d.provider.newsWait)
		defer enough()
	}
	select {
	case <-waiting.Done():
		if before != nil && ctx.Err() == nil {
			return before, nil
		}
		return nil, d.provider.fail("discovery", ctx.Err())
	case r := <-answer:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*metadata), nil
	}
}

func (d *discovery) remembered() (*metadata, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.provider.now().Before(d.next) {
		return nil, nil //nolint:nilnil // neither is remembered
	}
	if d.found != nil {
		return d.found, nil
	}
	return nil, d.failed
}

// before returns what was found before, if that was not too long ago.
func (d *discovery) before() *metadata {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found == nil || !d.provider.now().Before(d.at.Add(metadataMax)) {
		return nil
	}
	return d.found
}

// ask fetches anew. What was found before serves for a while longer when that fails.
func (d *discovery) ask(ctx context.Context) (*metadata, error) {
	if m, err := d.remembered(); m != nil || err != nil {
		return m, err // another flight has just landed
	}
	m, err := d.provider.discover(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.provider.now()
	switch {
	case err == nil:
		d.found, d.at, d.failed, d.next = m, now, nil, now.Add(metadataAge)
	case d.found != nil && now.Before(d.at.Add(metadataMax)):
		d.next = now.Add(failureAge)
		return d.found, nil
	default:
		d.found, d.failed, d.next = nil, err, now.Add(failureAge)
	}
	return m, err
}

// discover fetches and checks what the provider says of itself.
func (p *Provider) discover(ctx context.Context) (*metadata, error) {
	var said struct {
		Issuer      string   `json:"issuer"`
		AuthURL     string   `json:"authorization_endpoint"`
		TokenURL    string   `json:"token_endpoint"`
		UserinfoURL string   `json:"userinfo_endpoint"`
		KeysURL     string   `json:"jwks_uri"`
		Algorithms  []string `json:"id_token_signing_alg_values_supported"`
		AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
		SendsIssuer bool     `json:"authorization_response_iss_parameter_supported"`
	}
	const wellKnown = "/.well-known/openid-configuration"
	c := call{what: "discovery", method: http.MethodGet, url: strings.TrimSuffix(p.known.issuer, "/") + wellKnown}
	if err := p.ask(ctx, c, &said); err != nil {
		return nil, err
	}
	if p.known.tellsAll {
		said.UserinfoURL = ""
	}
	m := &metadata{
		issuer: said.Issuer, authURL: cmp.Or(p.known.authURL, said.AuthURL), tokenURL: cmp.Or(p.known.tokenURL, said.TokenURL), userinfoURL: cmp.Or(p.known.userinfoURL, said.UserinfoURL),
		sendsIssuer: said.SendsIssuer, algorithms: algorithms(said.Algorithms), style: oauth2.AuthStyleInHeader,
		companies: p.config.Name == microsoft && strings.Contains(p.known.issuer, "/organizations/"),
	}
	if slices.Contains(said.AuthMethods, "client_secret_post") { // both are documented then; this one needs no encoding that servers disagree about
		m.style = oauth2.AuthStyleInParams
	}
	switch {
	case !p.isIssuer(said.Issuer):
		return nil, p.fail("discovery", errOtherIssuer)
	case !p.callable(m.authURL) || !p.callable(m.tokenURL) || !p.callable(said.KeysURL) || m.userinfoURL != "" && !p.callable(m.userinfoURL):
		return nil, p.fail("discovery", errEndpoints)
	case len(m.algorithms) == 0:
		return nil, p.fail("discovery", errAlgorithms)
	}
	m.keys = p.keySet(said.KeysURL) //nolint:contextcheck // it outlives the request that asks first
	return m, nil
}

// algorithms returns those that a provider signs with and that we take: asymmetric ones, so that
// what is published cannot sign (RFC 8725 section 3.2). RS256 is what every provider has.
func algorithms(said []string) []string {
	if len(said) == 0 {
		return []string{oidc.RS256}
	}
	return slices.DeleteFunc(slices.Clone(said), func(a string) bool {
		return a != oidc.RS256 && a != oidc.ES256 && a != oidc.PS256 && a != oidc.EdDSA
	})
}

// anyTenant stands for the id of a tenant in the issuer of Microsoft's endpoints for many.
const anyTenant = "{tenantid}"

// msaTenant is the tenant of personal Microsoft accounts.
const msaTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// isIssuer reports whether a discovery document is of the configured issuer: exactly that, but for
// Microsoft's, whose documents for many tenants, for a tenant's domain name and for personal
// accounts name the tenant or its place in an issuer that is otherwise the same.
func (p *Provider) isIssuer(said string) bool {
	if said == p.known.issuer {
		return true
	}
	ours, err1 := url.Parse(p.known.issuer)
	theirs, err2 := url.Parse(said)
	if p.config.Name != microsoft || err1 != nil || err2 != nil || ours.Scheme != theirs.Scheme || ours.Host != theirs.Host {
		return false
	}
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(theirs.Path, "/"), "/")
	asked, ourRest, _ := strings.Cut(strings.TrimPrefix(ours.Path, "/"), "/")
	return rest == ourRest && theirs.RawQuery == "" && theirs.Fragment == "" && !uuid.MatchString(asked) && (tenant == anyTenant || uuid.MatchString(tenant))
}

// isIssuer reports whether iss is who the document is of: for Microsoft's many tenants, the tenant
// that the token is of (Microsoft, "Claims validation": iss and tid).
func (m *metadata) isIssuer(iss, tenant string) bool {
	if !strings.Contains(m.issuer, anyTenant) {
		return iss == m.issuer
	}
	return uuid.MatchString(tenant) && iss == strings.Replace(m.issuer, anyTenant, tenant, 1)
}

// tenantOf returns what stands in iss where the issuer has the tenant.
func tenantOf(issuer, iss string) string {
	before, after, _ := strings.Cut(issuer, anyTenant)
	return strings.TrimSuffix(strings.TrimPrefix(iss, before), after)
}
