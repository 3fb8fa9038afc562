package providertest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// plain is an OAuth provider without OpenID: codes, tokens, and users to look up.
type plain struct {
	p      *Provider
	codes  map[string]request
	tokens map[string]grant
	users  map[string]http.HandlerFunc // by path
}

// request is what a code was given for.
type request struct {
	redirectURI, challenge string
	user                   User
}

// grant is what a token was given for.
type grant struct {
	client  string
	user    User
	expires time.Time
}

func newPlain(p *Provider) *plain {
	o := &plain{p: p, codes: map[string]request{}, tokens: map[string]grant{}}
	p.config.AuthURL, p.config.TokenURL = p.URL+"/authorize", p.URL+"/token"
	switch p.Name {
	case "github":
		p.config.UserinfoURL, p.config.TokenInfoURL = p.URL+"/user", p.URL+"/applications/"+ClientID+"/token"
		o.users = map[string]http.HandlerFunc{"/user": o.githubUser, "/user/emails": o.githubEmails, "/applications/" + ClientID + "/token": o.githubCheck}
	case "facebook":
		p.config.UserinfoURL, p.config.TokenInfoURL = p.URL+"/me", p.URL+"/debug_token"
		o.users = map[string]http.HandlerFunc{"/me": o.facebookMe, "/debug_token": o.facebookDebug}
	case "discord":
		p.config.UserinfoURL, p.config.TokenInfoURL = p.URL+"/users/@me", p.URL+"/oauth2/@me"
		o.users = map[string]http.HandlerFunc{"/users/@me": o.discordUser, "/oauth2/@me": o.discordMe}
	}
	return o
}

func (o *plain) serve(w http.ResponseWriter, r *http.Request) {
	switch answer := o.users[r.URL.Path]; {
	case r.URL.Path == "/authorize":
		o.authorize(w, r)
	case r.URL.Path == "/token":
		o.redeem(w, r)
	case answer != nil:
		answer(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (o *plain) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" {
		http.Error(w, "a request that is none", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	o.codes[code] = request{redirectURI: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), user: o.p.user}
	answer := back.Query()
	answer.Set("code", code)
	answer.Set("state", q.Get("state"))
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // in a test, to whoever asks
}

// redeem gives a token for a code, once, to who has asked for it. GitHub refuses with 200.
func (o *plain) redeem(w http.ResponseWriter, r *http.Request) {
	code := r.PostFormValue("code")
	asked, ok := o.codes[code]
	delete(o.codes, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case r.PostFormValue("client_id") != ClientID || r.PostFormValue("client_secret") != ClientSecret:
		o.refuse(w, "incorrect_client_credentials")
	case !ok || asked.redirectURI != r.PostFormValue("redirect_uri") || asked.challenge != base64.RawURLEncoding.EncodeToString(sum[:]):
		o.refuse(w, "bad_verification_code")
	default:
		token := o.grant(grant{client: ClientID, user: asked.user, expires: o.p.now().Add(time.Hour)})
		answerJSON(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "bearer", "scope": "email"})
	}
}

func (o *plain) refuse(w http.ResponseWriter, code string) {
	switch o.p.Name {
	case "github":
		answerJSON(w, http.StatusOK, map[string]any{"error": code, "error_description": "The code passed is incorrect or expired."})
	case "facebook":
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": map[string]any{"message": "This authorization code has been used.", "type": "OAuthException", "code": 100}})
	default:
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
	}
}

func (o *plain) grant(g grant) string {
	token := "tok_" + rand.Text()
	o.tokens[token] = g
	return token
}

func (o *plain) accessToken(client string, expires time.Time) string {
	return o.grant(grant{client: client, user: o.p.user, expires: expires})
}

// holder returns whose a token is, and false for one that does not hold.
func (o *plain) holder(token string) (grant, bool) {
	g, ok := o.tokens[token]
	return g, ok && o.p.now().Before(g.expires)
}

// bearer is holder for the token of a call; it answers when there is none.
func (o *plain) bearer(w http.ResponseWriter, r *http.Request, refusal int) (grant, bool) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	g, ok := o.holder(token)
	if !ok {
		answerJSON(w, refusal, map[string]any{"message": "Bad credentials"})
	}
	return g, ok
}

func (o *plain) githubUser(w http.ResponseWriter, r *http.Request) {
	if g, ok := o.bearer(w, r, http.StatusUnauthorized); ok {
		answerJSON(w, http.StatusOK, map[string]any{
			"id": number(g.user.Subject), "node_id": "MDQ6VXNlcjE=", "login": "octocat", "type": "User",
			"name": g.user.Name, "avatar_url": g.user.Picture, "email": "public@example.org",
		})
	}
}

func (o *plain) githubEmails(w http.ResponseWriter, r *http.Request) {
	if g, ok := o.bearer(w, r, http.StatusUnauthorized); ok {
		answerJSON(w, http.StatusOK, []map[string]any{
			{"email": "second@example.org", "primary": false, "verified": true, "visibility": nil},
			{"email": g.user.Email, "primary": true, "verified": g.user.Verified, "visibility": "public"},
		})
	}
}

func (o *plain) githubCheck(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	var asked struct {
		Token string `json:"access_token"`
	}
	if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&asked) != nil || id != ClientID || secret != ClientSecret {
		answerJSON(w, http.StatusUnauthorized, map[string]any{"message": "Bad credentials"})
		return
	}
	g, ok := o.holder(asked.Token)
	if !ok || g.client != ClientID {
		answerJSON(w, http.StatusNotFound, map[string]any{"message": "Not Found"})
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"id": 1, "token_last_eight": "********", "scopes": []string{"user:email"}, "expires_at": nil,
		"app": map[string]any{"name": "Gatehouse", "client_id": g.client}, "user": map[string]any{"login": "octocat", "id": number(g.user.Subject)},
	})
}

// proved reports whether a call with a token shows that the application's secret is known, as "Require
// App Secret" wants. It answers when it does not.
func (*plain) proved(w http.ResponseWriter, r *http.Request, token string) bool {
	mac := hmac.New(sha256.New, []byte(ClientSecret))
	_, _ = mac.Write([]byte(token))
	proof := hex.EncodeToString(mac.Sum(nil))
	if subtle.ConstantTimeCompare([]byte(proof), []byte(r.URL.Query().Get("appsecret_proof"))) == 0 {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": map[string]any{"message": "Invalid appsecret_proof", "type": "GraphMethodException", "code": 100}})
		return false
	}
	return true
}

func (o *plain) facebookMe(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !o.proved(w, r, token) {
		return
	}
	if g, ok := o.bearer(w, r, http.StatusBadRequest); ok {
		answer := map[string]any{"id": g.user.Subject, "name": g.user.Name, "picture": map[string]any{"data": map[string]any{"url": g.user.Picture, "is_silhouette": g.user.Picture == "", "height": 50, "width": 50}}}
		if g.user.Email != "" {
			answer["email"] = g.user.Email
		}
		answerJSON(w, http.StatusOK, answer)
	}
}

func (o *plain) facebookDebug(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("access_token") != ClientID+"|"+ClientSecret {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": map[string]any{"type": "OAuthException", "code": 190}})
		return
	}
	if !o.proved(w, r, q.Get("access_token")) {
		return
	}
	g, ok := o.tokens[q.Get("input_token")]
	if !ok {
		answerJSON(w, http.StatusOK, map[string]any{"data": map[string]any{"error": map[string]any{"code": 190}, "is_valid": false, "scopes": []string{}}})
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{"data": map[string]any{
		"app_id": g.client, "type": "USER", "application": "Gatehouse", "is_valid": o.p.now().Before(g.expires), "expires_at": g.expires.Unix(),
		"user_id": g.user.Subject, "scopes": []string{"email", "public_profile"},
	}})
}

func (o *plain) discordUser(w http.ResponseWriter, r *http.Request) {
	if g, ok := o.bearer(w, r, http.StatusUnauthorized); ok {
		answerJSON(w, http.StatusOK, map[string]any{
			"id": g.user.Subject, "username": "nelly", "discriminator": "0", "global_name": g.user.Name, "avatar": "8342729096ea3675442027381ff50dfe",
			"email": g.user.Email, "verified": g.user.Verified, "flags": 64,
		})
	}
}

func (o *plain) discordMe(w http.ResponseWriter, r *http.Request) {
	if g, ok := o.bearer(w, r, http.StatusUnauthorized); ok {
		answerJSON(w, http.StatusOK, map[string]any{
			"application": map[string]any{"id": g.client, "name": "Gatehouse"}, "scopes": []string{"identify", "email"},
			"expires": g.expires.UTC().Format(time.RFC3339Nano), "user": map[string]any{"id": g.user.Subject, "username": "nelly"},
		})
	}
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}
