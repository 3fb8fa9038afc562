// Command api is a complete downstream API: GET /hello for users of a Gatehouse, from a page
// of another origin. It verifies access tokens offline; with a secret key it also notices that
// somebody has signed out.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8081", "address to serve on")
	issuer := flag.String("issuer", "http://localhost:8080", "the Gatehouse whose users may call")
	audience := flag.String("audience", "http://localhost:8080", "what tokens for this API name as aud")
	key := flag.String("introspect-key", os.Getenv("INTROSPECT_KEY"), "secret API key with tokens:read, to refuse signed-out users within 5 s")
	origin := flag.String("origin", "http://localhost:8080", "where the page that calls comes from")
	flag.Parse()

	options := []verify.Option{verify.Audience(*audience)}
	if *key != "" {
		options = append(options, verify.WithIntrospection(*key, 5*time.Second))
	}
	v, err := verify.New(context.Background(), *issuer, options...)
	if err != nil {
		log.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving http://%s/hello", l.Addr())
	server := &http.Server{Handler: handler(v, *origin), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.Serve(l))
}

func handler(v *verify.Verifier, origin string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /hello", v.Middleware(http.HandlerFunc(hello)))
	return cors(origin, mux)
}

// hello greets whoever the token speaks for.
func hello(w http.ResponseWriter, r *http.Request) {
	c, _ := verify.ClaimsFrom(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]string{"message": "Hello " + c.Email, "localId": c.Subject})
}

// cors lets pages of one origin call with a token. It stands outside of everything else: the
// browser's preflight request carries no token, and a page has to be able to read a 401.
func cors(origin string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		if r.Header.Get("Origin") == origin {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
		}
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET")
			h.Set("Access-Control-Allow-Headers", "Authorization")
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
