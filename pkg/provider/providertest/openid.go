package providertest

import (
	"crypto/ecdsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"
)

// Tenant is the tenant of Microsoft's whose users sign in.
const Tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"

// The paths of an OpenID provider.
const (
	DiscoveryPath = mockoidc.DiscoveryEndpoint
	KeysPath      = mockoidc.JWKSEndpoint
	TokenPath     = mockoidc.TokenEndpoint
	UserinfoPath  = mockoidc.UserinfoEndpoint
	TokenInfoPath = "/tokeninfo"
	// TenantsPath is DiscoveryPath at Microsoft.
	TenantsPath = "/common/v2.0/.well-known/openid-configuration"
)

// openID is mockoidc with what named providers do differently.
type openID struct {
	p      *Provider
	mock   *mockoidc.MockOIDC
	team   *ecdsa.PublicKey // of apple: who signs client secrets
	change func(document map[string]any)
}

func newOpenID(t testing.TB, p *Provider) *openID {
	t.Helper()
	mock, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	// Its handlers are called directly: it never listens, and knows its address from here.
	mock.Server = &http.Server{Addr: strings.TrimPrefix(p.URL, "http://"), ReadHeaderTimeout: time.Second}
	mock.ClientID, mock.ClientSecret = ClientID, ClientSecret
	o := &openID{p: p, mock: mock, change: func(map[string]any) {}}
	p.config.Issuer, p.config.MobileClientIDs = mock.Issuer(), []string{MobileClientID}
	switch p.Name {
	case "google":
		p.config.TokenInfoURL = p.URL + TokenInfoPath
	case "microsoft":
		p.config.Issuer = p.URL + "/common/v2.0"
	case "apple":
		p.config.TeamID, p.config.KeyID = "TEAM000001", "KEY0000001"
		p.config.ClientSecret, o.team = teamKey(t)
	}
	return o
}

func (o *openID) serve(w http.ResponseWriter, r *http.Request) {
	o.mock.FastForward(o.p.now().Sub(o.mock.Now()))
	switch r.URL.Path {
	case mockoidc.AuthorizationEndpoint:
		o.authorize(w, r)
	case TokenPath:
		o.token(w, r)
	case UserinfoPath:
		o.mock.Userinfo(w, r)
	case KeysPath:
		o.mock.JWKS(w, r)
	case DiscoveryPath, TenantsPath:
		o.discovery(w, r)
	case TokenInfoPath:
		o.tokenInfo(w, r)
	default:
		http.NotFound(w, r)
	}
}

// authorize agrees in the current user's name. Apple knows the scope name, which mockoidc does
// not, and answers with a form when it is asked for more than openid.
func (o *openID) authorize(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	scopes := strings.Fields(r.Form.Get("scope"))
	if o.p.Name == "apple" {
		if (slices.Contains(scopes, "name") || slices.Contains(scopes, "email")) && r.Form.Get("response_mode") != "form_post" {
			http.Error(w, "invalid_request: response_mode must be form_post when name or email scope is requested.", http.StatusBadRequest)
			return
		}
		r.Form.Set("scope", strings.Join(slices.DeleteFunc(scopes, func(s string) bool { return s == "name" }), " "))
	}
	o.mock.QueueUser(o.member())
	if r.Form.Get("response_mode") != "form_post" {
		o.mock.Authorize(w, r)
		return
	}
	answer := httptest.NewRecorder()
	o.mock.Authorize(answer, r)
	if answer.Code != http.StatusFound {
		http.Error(w, answer.Body.String(), answer.Code)
		return
	}
	postForm(w, answer.Header().Get("Location"))
}

// token redeems a code. The client secret of Apple is checked here, and mockoidc's put in its place.
func (o *openID) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if o.team != nil {
		if !o.signedByTeam(r.Form.Get("client_secret")) {
			answerJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_client"})
			return
		}
		r.Form.Set("client_secret", ClientSecret)
	}
	o.mock.Token(w, r)
}

// discovery answers with mockoidc's document. That of Microsoft has the place of the tenant in its
// issuer.
func (o *openID) discovery(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	o.mock.Discovery(answer, r)
	var document map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &document); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if o.p.Name == "microsoft" {
		document["issuer"] = o.p.URL + "/{tenantid}/v2.0"
	}
	o.change(document)
	answerJSON(w, http.StatusOK, document)
}

// ChangeDocument changes the discovery document from now on.
func (p *Provider) ChangeDocument(change func(document map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kind.(*openID).change = change
}

// Rotate replaces the signing key, as providers do every few weeks.
func (p *Provider) Rotate(t testing.TB) {
	t.Helper()
	fresh, err := mockoidc.RandomKeypair(2048)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kind.(*openID).mock.Keypair = fresh
}

// issuer returns what the current user's tokens have as iss.
func (o *openID) issuer() string {
	if o.p.Name == "microsoft" {
		return o.p.URL + "/" + Tenant + "/v2.0"
	}
	return o.mock.Issuer()
}

// tokenInfo answers as Google documents: what is no string elsewhere is one here.
func (o *openID) tokenInfo(w http.ResponseWriter, r *http.Request) {
	token, err := o.mock.Keypair.VerifyJWT(r.URL.Query().Get("access_token"), o.p.now)
	if err != nil {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_token", "error_description": "Invalid Value"})
		return
	}
	claims, _ := token.Claims.(jwt.MapClaims)
	audience, _ := claims.GetAudience()
	expires, _ := claims.GetExpirationTime()
	answerJSON(w, http.StatusOK, map[string]any{
		"azp": audience[0], "aud": audience[0], "sub": claims["sub"], "scope": "openid https://www.googleapis.com/auth/userinfo.email",
		"exp": text(expires.Unix()), "expires_in": text(expires.Unix() - o.p.now().Unix()),
		"email": o.p.user.Email, "email_verified": boolText(o.p.user.Verified), "access_type": "online",
	})
}

// accessToken makes a token with a session behind it, as if the user had signed in for client.
func (o *openID) accessToken(client string, expires time.Time) string {
	session, err := o.mock.SessionStore.NewSession("openid email profile", "", o.member(), "", "")
	if err != nil {
		panic(err)
	}
	config := *o.mock.Config()
	now := o.p.now()
	config.ClientID, config.AccessTTL = client, expires.Sub(now)
	token, err := session.AccessToken(&config, o.mock.Keypair, now)
	if err != nil {
		panic(err)
	}
	return token
}
