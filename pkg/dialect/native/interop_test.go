package native_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/token"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

const serviceURL = "http://localhost:8080" // issuer and audience of the services under test

// foreignVerifier says "ok <sub>" or "refused <why>" of an access token, as another program would.
type foreignVerifier func(t *testing.T, token string) string

// script starts one of the documented verifiers, which reads tokens line by line.
func script(t *testing.T, jwks string, command ...string) foreignVerifier {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], jwks, serviceURL, serviceURL)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	return func(t *testing.T, token string) string {
		t.Helper()
		if _, err := io.WriteString(in, token+"\n"); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() {
			t.Fatalf("%v said nothing (%v)", command, lines.Err())
		}
		return lines.Text()
	}
}

// ourSDK is the one verifier that is our own.
func ourSDK(t *testing.T, jwks string) foreignVerifier {
	t.Helper()
	v, err := verify.New(t.Context(), serviceURL, verify.Audience(serviceURL), verify.At(strings.TrimSuffix(jwks, "/.well-known/jwks.json")))
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, token string) string {
		t.Helper()
		good, err := v.Verify(t.Context(), token)
		if err != nil {
			return fmt.Sprint("refused ", err)
		}
		return "ok " + good.Subject
	}
}

func goOIDC(t *testing.T, jwks string) foreignVerifier {
	t.Helper()
	tokens := oidc.NewVerifier(serviceURL, oidc.NewRemoteKeySet(context.WithoutCancel(t.Context()), jwks), &oidc.Config{ClientID: serviceURL})
	return func(t *testing.T, token string) string {
		t.Helper()
		good, err := tokens.Verify(t.Context(), token)
		if err != nil {
			return fmt.Sprint("refused ", err)
		}
		return "ok " + good.Subject
	}
}

// foreign skips the test where another language's library is missing, loudly, or fails it if
// GATEHOUSE_REQUIRE_INTEROP is set.
func foreign(t *testing.T, command ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
		why := fmt.Sprintf("NOT RUN: %v: %v %s", command, err, out)
		if os.Getenv("GATEHOUSE_REQUIRE_INTEROP") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
}

func python() string {
	if path := os.Getenv("GATEHOUSE_TEST_PYTHON"); path != "" {
		return path
	}
	return "python3"
}

// TestOtherPeoplesLibrariesVerifyOurTokens keeps each verifier running with its cached key
// set while the signing key changes: no token is refused before, while or after.
func TestOtherPeoplesLibrariesVerifyOurTokens(t *testing.T) {
	const node, py, java = "../../../docs/verify/node", "../../../docs/verify/python", "../../../docs/verify/java"
	for name, start := range map[string]func(t *testing.T, jwks string) foreignVerifier{
		"pkg/verify":     ourSDK,
		"coreos/go-oidc": goOIDC,
		"jose": func(t *testing.T, jwks string) foreignVerifier {
			foreign(t, "node", "--input-type=module", "-e", `import { createRequire } from 'node:module'; createRequire(process.cwd() + '/`+node+`/verify.mjs').resolve('jose')`)
			return script(t, jwks, "node", node+"/verify.mjs")
		},
		"PyJWT": func(t *testing.T, jwks string) foreignVerifier {
			foreign(t, python(), "-c", "import jwt, cryptography")
			return script(t, jwks, python(), py+"/verify.py")
		},
		"Nimbus": func(t *testing.T, jwks string) foreignVerifier {
			const classes = java + "/target/classes:" + java + "/target/dependency/*"
			foreign(t, "javap", "-cp", classes, "Verify", "com.nimbusds.jwt.JWTClaimsSet") // mvn makes both: see pom.xml
			return script(t, jwks, "java", "-cp", classes, "Verify")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSQLite(t)
			a := s.Register(t, "ada@example.com", goodPassword)
			if _, err := s.App.Keys.Rotate(t.Context(), false); err != nil { // the next key is published
				t.Fatal(err)
			}
			s.Clock.Advance(2 * time.Millisecond) // two keys need two moments
			verify := start(t, s.URL+"/.well-known/jwks.json")
			accepts := func(when, token string) {
				t.Helper()
				if got := verify(t, token); got != "ok "+a.LocalID {
					t.Errorf("%s: %s", when, got)
				}
			}
			accepts("before the rotation", a.AccessToken)
			if _, err := s.App.Keys.Rotate(t.Context(), true); err != nil { // and signs
				t.Fatal(err)
			}
			b := s.Refresh(t, a.RefreshToken)
			if header(a.AccessToken) == header(b.AccessToken) {
				t.Fatal("the signing key has not changed")
			}
			accepts("signed by the new key", b.AccessToken)
			accepts("signed by the old key", a.AccessToken)
			for what, token := range notGood(t, s, b.AccessToken) {
				if name == "coreos/go-oidc" && what == "an ID token" {
					continue // it is for those, and does not look at typ
				}
				if got := verify(t, token); !strings.HasPrefix(got, "refused") {
					t.Errorf("%s: %s", what, got)
				}
			}
		})
	}
}

// notGood returns tokens that nobody may take, signed by the service's own key but for one.
func notGood(t *testing.T, s *dialecttest.Server, good string) map[string]string {
	t.Helper()
	kid, key := s.App.Keys.Signer()
	claims, err := s.App.Sessions.Verifier.Verify(good)
	if err != nil {
		t.Fatal(err)
	}
	mint := func(change func(c *token.Claims)) string {
		c := claims
		change(&c)
		raw, err := token.NewMinter().Mint(t.Context(), kid, key, c)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	_, payload, _ := strings.Cut(good, ".")
	payload, _, _ = strings.Cut(payload, ".")
	asID := encoded(`{"alg":"RS256","kid":"`+kid+`","typ":"JWT"}`) + "." + payload
	signature, err := jwt.SigningMethodRS256.Sign(asID, key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"a forged token":               good[:len(good)-8] + "AAAAAAAA",
		"a token without a signature":  encoded(`{"alg":"none","kid":"`+kid+`","typ":"at+jwt"}`) + "." + payload + ".",
		"a token for another audience": mint(func(c *token.Claims) { c.Audience = []string{"other"} }),
		"a token of another issuer":    mint(func(c *token.Claims) { c.Issuer = "https://id.example.com" }),
		"an expired token": mint(func(c *token.Claims) {
			c.IssuedAt, c.ExpiresAt = c.IssuedAt.Add(-2*time.Hour), c.IssuedAt.Add(-time.Hour)
		}),
		"an ID token": asID + "." + encoded(string(signature)),
	}
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func onSQLite(t *testing.T) *dialecttest.Server {
	t.Helper()
	return start(t, dialecttest.SQLite(t))
}

// header returns the first part of a token; it names the key.
func header(token string) string {
	first, _, _ := strings.Cut(token, ".")
	return first
}
