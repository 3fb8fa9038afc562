// Command verifier answers the auth_request of nginx: 204 and the user in X-User for a request
// with a good access token, and what verify.Answer says for any other.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9000", "address to serve on; nginx alone should reach it")
	issuer := flag.String("issuer", "http://localhost:8080", "the Gatehouse")
	audience := flag.String("audience", "http://localhost:8080", "what tokens for these services name as aud")
	flag.Parse()

	v, err := verify.New(context.Background(), *issuer, verify.Audience(*audience))
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: *listen, Handler: v.Middleware(http.HandlerFunc(user)), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func user(w http.ResponseWriter, r *http.Request) {
	c, _ := verify.ClaimsFrom(r.Context())
	w.Header().Set("X-User", c.Subject)
	w.WriteHeader(http.StatusNoContent)
}
