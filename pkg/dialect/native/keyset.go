package native

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// KeySet gives the published key set as bytes that are ready to send; keyring.Ring is one.
type KeySet interface {
	JWKS() (body []byte, etag string)
}

// Public is what verifiers may know: the key set and where everything is.
type Public struct {
	Keys   KeySet
	PASETO []byte // the keys of trust tokens that are no JWT, as JSON; nil when they are
	Issuer string
	MaxAge time.Duration // how long verifiers may keep the key set
}

// discovery is the part of OpenID Connect Discovery 1.0 that exists here.
type discovery struct {
	Issuer                string   `json:"issuer"`
	JWKSURI               string   `json:"jwks_uri"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	SigningAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	Claims                []string `json:"claims_supported"`
}

// Mount registers the public documents. They are read far more often than anything else
// and by anybody, so they pass none of the machinery of the other routes.
func (p Public) Mount(r gin.IRoutes) {
	meta, _ := json.Marshal(discovery{ // strings always encode
		Issuer: p.Issuer, JWKSURI: p.Issuer + "/.well-known/jwks.json",
		IntrospectionEndpoint: p.Issuer + "/auth/introspect", RevocationEndpoint: p.Issuer + "/auth/revoke",
		SigningAlgorithms: []string{"RS256"}, SubjectTypes: []string{"public"},
		Claims: []string{"iss", "aud", "sub", "iat", "nbf", "exp", "jti", "sid", "auth_time", "amr", "email", "email_verified", "name", "user_type"},
	})
	cache := []string{"public, max-age=" + strconv.FormatInt(int64(p.MaxAge/time.Second), 10)}
	keys := document(cache, "application/jwk-set+json", p.Keys.JWKS)
	about := document(cache, "application/json", func() ([]byte, string) { return meta, "" })
	documents := map[string]gin.HandlerFunc{"/.well-known/jwks.json": keys, "/.well-known/openid-configuration": about}
	if p.PASETO != nil {
		documents["/.well-known/paseto-keys.json"] = document(cache, "application/json", func() ([]byte, string) { return p.PASETO, "" })
	}
	for path, h := range documents {
		r.GET(path, h)
		r.HEAD(path, h)
	}
}

// document serves bytes that are public, also to scripts of every origin. Headers that guard
// private answers say nothing about them; leaving those out also keeps the answer small.
func document(cache []string, mediaType string, get func() (body []byte, etag string)) gin.HandlerFunc {
	contentType, anyOrigin := []string{mediaType}, []string{"*"}
	return func(c *gin.Context) {
		body, etag := get()
		h := c.Writer.Header()
		delete(h, "Referrer-Policy")
		delete(h, "Content-Security-Policy")
		delete(h, "Cross-Origin-Resource-Policy")
		h["Cache-Control"] = cache
		h["Content-Type"] = contentType
		h["Access-Control-Allow-Origin"] = anyOrigin
		if etag != "" {
			h["Etag"] = []string{etag}
			if strings.Contains(c.Request.Header.Get("If-None-Match"), etag) {
				c.Writer.WriteHeader(http.StatusNotModified)
				c.Writer.WriteHeaderNow()
				return
			}
		}
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
		c.Writer.WriteHeader(http.StatusOK)
		_, _ = c.Writer.Write(body) // the reader has gone: nobody is left to tell
	}
}
