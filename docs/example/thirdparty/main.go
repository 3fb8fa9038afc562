// Command thirdparty is a site that signs people in at a Gatehouse with a secret API key of its
// own, server to server, and sends their browser there with the answer.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

const form = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>Partner</title><main><h1>Partner</h1><form method="post"><p><label>E-mail address <input name="email" type="email" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p><button>Go to the app</button></form></main></html>`

func main() {
	listen := flag.String("listen", "127.0.0.1:8082", "address to serve on")
	issuer := flag.String("issuer", "http://localhost:8080", "the Gatehouse to sign people in at")
	key := flag.String("key", os.Getenv("API_KEY"), "secret API key, sk_...")
	flag.Parse()
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, form) })
	http.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		authorization, err := login(r, *issuer, *key)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		w.Header().Set("Referrer-Policy", "no-referrer") // the address that follows holds tokens until it is opened
		http.Redirect(w, r, *issuer+"/auth/thirdPartySignIn?SF_Token="+url.QueryEscape(authorization), http.StatusSeeOther)
	})
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving http://%s", l.Addr())
	log.Fatal((&http.Server{ReadHeaderTimeout: 5 * time.Second}).Serve(l))
}

// login asks Gatehouse for an AuthorizationResponse and returns its JSON.
func login(r *http.Request, issuer, key string) (string, error) {
	body, _ := json.Marshal(map[string]string{"email": r.FormValue("email"), "password": r.FormValue("password")}) // text always encodes
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, issuer+"/auth/login", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	visitor, _, _ := net.SplitHostPort(r.RemoteAddr) // always host and port
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("x-api-key", key)
	req.Header.Set("X-Client-IP", visitor) // whose attempts are counted
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 8<<10))
	if err != nil || resp.StatusCode != http.StatusOK {
		return "", errors.Join(err, fmt.Errorf("signing in: %s", resp.Status))
	}
	return string(bytes.TrimSpace(answer)), nil
}
