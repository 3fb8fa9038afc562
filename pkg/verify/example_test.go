package verify_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

func Example() {
	v, err := verify.New(context.Background(), "https://id.example.com", verify.Audience("my-api"))
	if err != nil {
		log.Fatal(err)
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := verify.ClaimsFrom(r.Context())
		fmt.Fprintf(w, "hello %s\n", c.Subject)
	})
	mux := http.NewServeMux()
	mux.Handle("GET /hello", v.Middleware(hello))
	mux.Handle("GET /reports", v.Middleware(hello, verify.RequireUserType("admin", "superadmin")))
	mux.Handle("GET /exports", v.Middleware(hello, verify.RequireClaim("plan", "pro")))
}

func ExampleWithIntrospection() {
	secretKey := "sk_..." // from your secret store
	v, err := verify.New(context.Background(), "https://id.example.com", verify.Audience("my-api"),
		verify.WithIntrospection(secretKey, 30*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	_ = v
}

// A middleware of your own, for answers in your own form.
func ExampleVerifier_Authenticate() {
	var v *verify.Verifier // of verify.New
	_ = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := v.Authenticate(r)
			switch {
			case err == nil:
				next.ServeHTTP(w, r.WithContext(verify.NewContext(r.Context(), c)))
			case errors.Is(err, verify.ErrUnavailable):
				http.Error(w, `{"error":"try again"}`, http.StatusServiceUnavailable)
			default:
				http.Error(w, `{"error":"sign in"}`, http.StatusUnauthorized)
			}
		})
	}
}

// What a server that has asked about a session passes on.
func ExampleVerifier_TrustToken() {
	v, err := verify.New(context.Background(), "https://id.example.com", verify.Audience("my-api"))
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /orders", func(w http.ResponseWriter, r *http.Request) {
		trust, err := v.TrustToken(r.Context(), r.Header.Get("X-Trust-Token"))
		if err != nil {
			http.Error(w, "who is it for?", http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, "the orders of %s\n", trust.Subject)
	})
}

func ExampleClaims_Decode() {
	var c verify.Claims // of verify.ClaimsFrom
	var custom struct {
		Plan string `json:"plan"`
	}
	if err := c.Decode(&custom); err != nil {
		log.Print(err)
	}
	fmt.Println(custom.Plan)
}
