package config_test

import (
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gatehouse-id/gatehouse/pkg/config"
)

const (
	longSecret = "0123456789-0123456789-0123456789"
	masterKey  = "MDEyMzQ1Njc4OS0wMTIzNDU2Nzg5LTAxMjM0NTY3ODk=" // the same as base64
)

func TestDefaultsAreUsable(t *testing.T) {
	got, err := config.FromEnv(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Listen: "127.0.0.1:8080", AdminListen: "127.0.0.1:9090",
		PublicURL: "http://localhost:8080", AppURL: "/app/", Audience: []string{"http://localhost:8080"},
		Store: "var/gatehouse.db", KeyDir: "keys", KeyBits: 2048,
		KeyRotation: 720 * time.Hour, KeyLead: 24 * time.Hour, JWKSMaxAge: 300 * time.Second,
		AccessTokenTTL: time.Hour, RefreshGrace: 30 * time.Second, Flowless: []config.Mount{{Prefix: "/flowless"}}, Arguflow: []config.Mount{{Prefix: "/api"}}, ArguflowCookie: "ai-editor",
		ArguflowInvitationTTL: 72 * time.Hour, ArguflowResetTTL: time.Hour, SessionIdle: 720 * time.Hour, SessionIDTTL: 168 * time.Hour, SessionMax: 2160 * time.Hour,
		DrainDelay: 3 * time.Second, Mail: "log:", BrandName: "Gatehouse", BrandColor: "#2454c7",
		Registration: "open", TrustToken: "jwt", TrustTokenTTL: 5 * time.Minute, RateLimit: true,
		LimitLogin: config.Rate{Limit: 5, Window: 15 * time.Minute}, LimitRegister: config.Rate{Limit: 3, Window: time.Hour},
		LimitRefresh: config.Rate{Limit: 20, Window: time.Minute}, LimitMe: config.Rate{Limit: 100, Window: time.Minute},
		LimitLogout: config.Rate{Limit: 10, Window: time.Minute}, LimitMail: config.Rate{Limit: 3, Window: 15 * time.Minute},
		LimitMailDay: config.Rate{Limit: 10, Window: 24 * time.Hour}, LimitCode: config.Rate{Limit: 10, Window: 15 * time.Minute},
		LimitUpload: config.Rate{Limit: 10, Window: time.Hour},
		LogLevel:    slog.LevelInfo, LogFormat: "json",
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(config.Config{})); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	for _, s := range got.Effective() {
		if !s.IsDefault {
			t.Errorf("%s: is not shown as a default: %+v", s.Name, s)
		}
	}
}

func TestEverySettingCanBeSet(t *testing.T) {
	got, err := config.FromEnv([]string{
		"PATH=/bin", "OTHER", "GATEHOUSE_TEST_MONGO=mongodb://x", "GATEHOUSE_REQUIRE_MONGO=1",
		"GATEHOUSE_LISTEN=:9000", "GATEHOUSE_ADMIN_LISTEN=", "GATEHOUSE_PUBLIC_URL=https://id.example.com:8443",
		"GATEHOUSE_APP_URL=https://app.example.com/in", "GATEHOUSE_AUDIENCE=api-1, api-2",
		"GATEHOUSE_STORE=mongodb://u:p@h1:1,h2:2/db", "GATEHOUSE_MONGO_STANDALONE=true", "GATEHOUSE_KEY_DIR=/k",
		"GATEHOUSE_BLOBS=s3://AK:s%2Fk@h:9000/bkt?tls=off",
		"GATEHOUSE_MASTER_KEY=" + masterKey, "GATEHOUSE_KEY_BITS=4096", "GATEHOUSE_KEY_ROTATION=48h", "GATEHOUSE_KEY_LEAD=30h",
		"GATEHOUSE_JWKS_MAX_AGE=1m", "GATEHOUSE_ACCESS_TOKEN_TTL=15m", "GATEHOUSE_REFRESH_GRACE=0s", "GATEHOUSE_SESSION_IDLE=1h", "GATEHOUSE_SESSION_ID_TTL=90m", "GATEHOUSE_FLOWLESS=/f,Auth.Example.com,b.example.com/x",
		"GATEHOUSE_SESSION_MAX=2h", "GATEHOUSE_MAIL=file:var/mail", "GATEHOUSE_REGISTRATION=invite",
		"GATEHOUSE_MAIL_FROM=Acme <id@acme.example>", "GATEHOUSE_MAIL_PLAINTEXT=true", "GATEHOUSE_MAIL_TEMPLATES=/t",
		"GATEHOUSE_BRAND_NAME=Acme & Söhne", "GATEHOUSE_BRAND_COLOR=#00563f",
		"GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true", "GATEHOUSE_BRIDGE_SECRETS=" + longSecret + "a," + longSecret + "b",
		"GATEHOUSE_ARGUFLOW=off", "GATEHOUSE_ARGUFLOW_COOKIE=__Host-vault", "GATEHOUSE_ARGUFLOW_INVITERS=anyone",
		"GATEHOUSE_ARGUFLOW_INVITATION_TTL=5m", "GATEHOUSE_ARGUFLOW_RESET_TTL=6m",
		"GATEHOUSE_TRUST_TOKEN=paseto", "GATEHOUSE_TRUST_TOKEN_TTL=1m",
		"GATEHOUSE_TRUSTED_PROXIES=10.0.0.0/8,2001:db8::/32", "GATEHOUSE_CORS_ORIGINS=https://app.example.com,http://localhost:3000",
		"GATEHOUSE_RATE_LIMIT=off", "GATEHOUSE_LIMIT_LOGIN=7/1m30s", "GATEHOUSE_LIMIT_UPLOAD=2/1m", "GATEHOUSE_LOG_LEVEL=debug", "GATEHOUSE_LOG_FORMAT=text",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Listen, want.AdminListen, want.PublicURL, want.AppURL = ":9000", "", "https://id.example.com:8443", "https://app.example.com/in"
	want.Audience, want.Store, want.MongoStandalone = []string{"api-1", "api-2"}, "mongodb://u:p@h1:1,h2:2/db", true
	want.Blobs = "s3://AK:s%2Fk@h:9000/bkt?tls=off"
	want.KeyDir, want.MasterKey, want.KeyBits = "/k", masterKey, 4096
	want.KeyRotation, want.KeyLead, want.JWKSMaxAge = 48*time.Hour, 30*time.Hour, time.Minute
	want.Flowless = []config.Mount{{Prefix: "/f"}, {Host: "auth.example.com"}, {Host: "b.example.com", Prefix: "/x"}}
	want.AccessTokenTTL, want.RefreshGrace, want.SessionIdle, want.SessionIDTTL, want.SessionMax = 15*time.Minute, 0, time.Hour, 90*time.Minute, 2*time.Hour
	want.Mail, want.Registration, want.RequireVerifiedEmail = "file:var/mail", "invite", true
	want.MailFrom, want.MailPlaintext, want.MailTemplates = "Acme <id@acme.example>", true, "/t"
	want.BrandName, want.BrandColor = "Acme & Söhne", "#00563f"
	want.BridgeSecrets = []config.Secret{longSecret + "a", longSecret + "b"}
	want.Arguflow, want.ArguflowCookie, want.ArguflowInviters = nil, "__Host-vault", "anyone"
	want.ArguflowInvitationTTL, want.ArguflowResetTTL = 5*time.Minute, 6*time.Minute
	want.TrustToken, want.TrustTokenTTL = "paseto", time.Minute
	want.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	want.CORSOrigins, want.RateLimit = []string{"https://app.example.com", "http://localhost:3000"}, false
	want.LimitLogin, want.LogLevel, want.LogFormat = config.Rate{Limit: 7, Window: 90 * time.Second}, slog.LevelDebug, "text"
	want.LimitUpload = config.Rate{Limit: 2, Window: time.Minute}
	plain := cmp.Options{
		cmpopts.IgnoreUnexported(config.Config{}), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
		cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() }),
		cmp.Comparer(func(a, b config.DSN) bool { return a.Reveal() == b.Reveal() }),
	}
	if diff := cmp.Diff(want, got, plain); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWrongValuesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, env, want string
	}{
		{"an address without a port", "GATEHOUSE_LISTEN=localhost", `GATEHOUSE_LISTEN="localhost": want host:port`},
		{"a port out of range", "GATEHOUSE_LISTEN=127.0.0.1:70000", "want host:port"},
		{"an empty value where none is allowed", "GATEHOUSE_REGISTRATION=", `GATEHOUSE_REGISTRATION="": want open, invite or closed`},
		{"http for a host that others can reach", "GATEHOUSE_PUBLIC_URL=http://id.example.com", "want https"},
		{"a public URL with a path", "GATEHOUSE_PUBLIC_URL=https://id.example.com/auth", "want https://id.example.com, which"},
		{"a public URL with a slash", "GATEHOUSE_PUBLIC_URL=https://id.example.com/", "want https://id.example.com, which"},
		{"a public URL with a query", "GATEHOUSE_PUBLIC_URL=https://id.example.com?a", "want https://id.example.com, which"},
		{"a public URL with a fragment", "GATEHOUSE_PUBLIC_URL=https://id.example.com#a", "want https://id.example.com, which"},
		{"a public URL with the port browsers leave out", "GATEHOUSE_PUBLIC_URL=https://id.example.com:443", "want https://id.example.com, which"},
		{"a public URL in capitals", "GATEHOUSE_PUBLIC_URL=https://ID.example.com", "want an origin"},
		{"a public URL that is relative", "GATEHOUSE_PUBLIC_URL=/auth", "want an origin"},
		{"a public URL of another scheme", "GATEHOUSE_PUBLIC_URL=ftp://id.example.com", "want an origin"},
		{"a public URL whose host browsers read as a number", "GATEHOUSE_PUBLIC_URL=http://127.1", "want an origin"},
		{"any origin", "GATEHOUSE_CORS_ORIGINS=*", "want for item 1: an origin"},
		{"the null origin", "GATEHOUSE_CORS_ORIGINS=https://a.example,null", "want for item 2: an origin"},
		{"a wildcard origin", "GATEHOUSE_CORS_ORIGINS=https://*.example.com", "want for item 1: an origin"},
		{"an app URL at an origin nobody allowed", "GATEHOUSE_APP_URL=https://evil.example/", "want a path, or a URL whose origin"},
		{"an app URL that only looks like a path", "GATEHOUSE_APP_URL=//evil.example/", "want a path such as /app/"},
		{"an app URL with three slashes", "GATEHOUSE_APP_URL=///evil.example/", "want a path such as /app/"},
		{"an app URL with a backslash", `GATEHOUSE_APP_URL=/\evil.example/`, "want a path such as /app/"},
		{"an app URL that runs code", "GATEHOUSE_APP_URL=javascript:alert(1)", "want a path such as /app/"},
		{"an app URL with a fragment", "GATEHOUSE_APP_URL=/app/#x", "want a path such as /app/"},
		{"a database of another kind", "GATEHOUSE_STORE=postgres://h/db", "want the path of a SQLite file"},
		{"a store that is gone after a restart", "GATEHOUSE_STORE=:memory:", "want the path of a SQLite file"},
		{"mail by an unknown way", "GATEHOUSE_MAIL=sendmail", "want log:, file:DIR"},
		{"mail without a host", "GATEHOUSE_MAIL=smtp://", "want log:, file:DIR"},
		{"mail with a parameter nobody knows", "GATEHOUSE_MAIL=smtp://h?tsl=none", "want no parameter but tls"},
		{"mail with two kinds of encryption", "GATEHOUSE_MAIL=smtp://h?tls=starttls&tls=none", "want no parameter but tls"},
		{"mail with encryption that says nothing", "GATEHOUSE_MAIL=smtp://h?tls=", "want no parameter but tls"},
		{"mail that is and is not encrypted", "GATEHOUSE_MAIL=smtps://h?tls=none", "want no parameter but tls"},
		{"mail to a port that is none", "GATEHOUSE_MAIL=smtp://h:0", "want log:, file:DIR"},
		{"mail with a path", "GATEHOUSE_MAIL=smtp://h/x", "want log:, file:DIR"},
		{"a mail user without a password", "GATEHOUSE_MAIL=smtp://u@h", "want a user and a password"},
		{"mail in the clear", "GATEHOUSE_MAIL=smtp://mail.example.com?tls=none", "want TLS, or GATEHOUSE_MAIL_PLAINTEXT=true"},
		{"a mail password in the clear", "GATEHOUSE_MAIL=smtp://u:p@mail.example.com?tls=none", "want TLS, because a password"},
		{"a sender who is none", "GATEHOUSE_MAIL_FROM=Acme", "want an address such as"},
		{"two senders", "GATEHOUSE_MAIL_FROM=a@x.example, b@x.example", "want an address such as"},
		{"a sender with a line break", "GATEHOUSE_MAIL_FROM=a <a@x.example>\r\nBcc: b@x.example", "want an address such as"},
		{"a sender at an address literal", "GATEHOUSE_MAIL_FROM=a@[127.0.0.1]", "want an address such as"},
		{"a brand with a line break", "GATEHOUSE_BRAND_NAME=Acme\nBcc: x", "want a name of at most 64"},
		{"a brand that is a story", "GATEHOUSE_BRAND_NAME=" + strings.Repeat("x", 65), "want a name of at most 64"},
		{"a colour by name", "GATEHOUSE_BRAND_COLOR=red", "want a colour such as"},
		{"a colour that is more", "GATEHOUSE_BRAND_COLOR=#000000;}", "want a colour such as"},
		{"a colour on which white cannot be read", "GATEHOUSE_BRAND_COLOR=#ff9900", "at least 4.5:1 and is 2.14:1"},
		{"a key that is too short", "GATEHOUSE_KEY_BITS=1024", "want 2048, 3072 or 4096"},
		{"a lead below the floor", "GATEHOUSE_KEY_LEAD=1h", "want a duration from 24h"},
		{"a lead that cached key sets outlive", "GATEHOUSE_JWKS_MAX_AGE=24h", "GATEHOUSE_KEY_LEAD=\"24h\": want at least twice"},
		{"a rotation before the next key may sign", "GATEHOUSE_KEY_ROTATION=1h", "want at least GATEHOUSE_KEY_LEAD"},
		{"a negative rotation", "GATEHOUSE_KEY_ROTATION=-1h", "want a duration from 1s"},
		{"a lifetime that expiresIn cannot say", "GATEHOUSE_ACCESS_TOKEN_TTL=1500ms", "want whole seconds"},
		{"a duration without a unit", "GATEHOUSE_ACCESS_TOKEN_TTL=3600", "want a duration"},
		{"a grace that lets a thief wait", "GATEHOUSE_REFRESH_GRACE=61s", "want a duration from 0s to 1m"},
		{"an idle time beyond the end", "GATEHOUSE_SESSION_IDLE=2161h", "want at most GATEHOUSE_SESSION_MAX, which is 2160h"},
		{"a dialect at the root of every host", "GATEHOUSE_FLOWLESS=/", "want for item 1: a path such as /flowless"},
		{"a dialect at a path that ends in a slash", "GATEHOUSE_FLOWLESS=/flowless/", "want for item 1: a path such as /flowless"},
		{"a dialect below a dot", "GATEHOUSE_FLOWLESS=/a/../b", "want for item 1: a path such as /flowless"},
		{"a dialect at a wildcard", "GATEHOUSE_FLOWLESS=/:id", "want for item 1: a path such as /flowless"},
		{"a dialect at an address with a port", "GATEHOUSE_FLOWLESS=a.example.com:80", "want for item 1: a path such as /flowless"},
		{"a dialect where the pages are", "GATEHOUSE_FLOWLESS=/auth", "want for item 1: another path: what begins with /auth is served already"},
		{"a dialect below where the pages are, in capitals", "GATEHOUSE_ARGUFLOW=/Account/x", "want for item 1: another path: what begins with /account"},
		{"two dialects at one place", "GATEHOUSE_ARGUFLOW=/flowless", "want another place than GATEHOUSE_FLOWLESS"},
		{"a dialect at the host of all others", "GATEHOUSE_ARGUFLOW=localhost/api", "want other host names than that of GATEHOUSE_PUBLIC_URL"},
		{"a cookie that needs https on http", "GATEHOUSE_ARGUFLOW_COOKIE=__Host-ai-editor", "want a name without a prefix"},
		{"a cookie with the name of another", "GATEHOUSE_ARGUFLOW_COOKIE=session_id", "want up to 64 letters"},
		{"a cookie with the name of a page's", "GATEHOUSE_ARGUFLOW_COOKIE=gatehouse-handoff", "begins with gatehouse"},
		{"a cookie with a name of two words", "GATEHOUSE_ARGUFLOW_COOKIE=ai editor", "want up to 64 letters"},
		{"inviters of another kind", "GATEHOUSE_ARGUFLOW_INVITERS=nobody", "want anyone or users"},
		{"a dialect at one place twice", "GATEHOUSE_FLOWLESS=/f,/f", "want each place once"},
		{"a dialect at the host of everything else", "GATEHOUSE_FLOWLESS=LOCALHOST", "want other host names than that of GATEHOUSE_PUBLIC_URL"},
		{"a truth that is neither", "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=yes", "want true or false"},
		{"a limit of nothing", "GATEHOUSE_LIMIT_LOGIN=0/1m", "such as 5/15m"},
		{"a limit without a window", "GATEHOUSE_LIMIT_ME=5", "such as 5/15m"},
		{"a bare address of a proxy", "GATEHOUSE_TRUSTED_PROXIES=10.0.0.1", "want for item 1: a network such as 10.0.0.0/8"},
		{"trust in everybody", "GATEHOUSE_TRUSTED_PROXIES=0.0.0.0/0", "smaller than the whole internet"},
		{"a network with host bits", "GATEHOUSE_TRUSTED_PROXIES=10.0.0.1/8", "want for item 1: 10.0.0.0/8, which"},
		{"a level nobody logs at", "GATEHOUSE_LOG_LEVEL=loud", "want debug, info, warn or error"},
		{"one address for two listeners", "GATEHOUSE_ADMIN_LISTEN=127.0.0.1:8080", "want another address"},
		{"a public listener of a service without a name", "GATEHOUSE_LISTEN=:8080", "GATEHOUSE_PUBLIC_URL=\"http://localhost:8080\": want it set"},
		{"more bridge secrets than a rotation needs", "GATEHOUSE_BRIDGE_SECRETS=" + strings.Repeat(longSecret+"a,", 2) + longSecret + "a", "GATEHOUSE_BRIDGE_SECRETS: want at most 2 items"},
		{"a bridge secret of one character", "GATEHOUSE_BRIDGE_SECRETS=" + strings.Repeat("x", 40), "GATEHOUSE_BRIDGE_SECRETS: want for item 1: one that cannot be guessed"},
		{"a bridge secret of a few characters", "GATEHOUSE_BRIDGE_SECRETS=" + longSecret + "a,abcdefabcdeffedcbafedcbabcdefaabbccdd", "GATEHOUSE_BRIDGE_SECRETS: want for item 2: one that cannot be guessed"},
		{"a bridge secret that is a phrase again and again", "GATEHOUSE_BRIDGE_SECRETS=" + longSecret, "want for item 1: one that cannot be guessed"},
		{"a bridge secret that was to be changed", "GATEHOUSE_BRIDGE_SECRETS=Change-Me_1234567890-1234567890-99", "want for item 1: one that cannot be guessed"},
		{"a bridge secret from the documentation", "GATEHOUSE_BRIDGE_SECRETS=your_bridge_secret_of_32_characters", "want for item 1: one that cannot be guessed"},
		{"a trust token of another kind", "GATEHOUSE_TRUST_TOKEN=hs256", "want jwt or paseto"},
		{"a trust token that lasts", "GATEHOUSE_TRUST_TOKEN_TTL=2h", "want a duration from 10s to 1h"},
		{"a trust token that is over at once", "GATEHOUSE_TRUST_TOKEN_TTL=1s", "want a duration from 10s to 1h"},
		{"an audience of nothing", "GATEHOUSE_AUDIENCE=a,,b", "want for item 2: a word"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.FromEnv([]string{c.env})
			var all *config.Error
			if !errors.As(err, &all) || len(all.Problems) != 1 {
				t.Fatalf("%s: got %v, want one problem", c.env, err)
			}
			if got := err.Error(); !strings.Contains(got, c.want) || !strings.HasPrefix(got, "GATEHOUSE_") {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestEverythingWrongIsReportedAtOnce(t *testing.T) {
	_, err := config.FromEnv([]string{
		"GATEHOUSE_LISTN=:1", "GATEHOUSE_KEY_BITS=x", "GATEHOUSE_MASTER_KEY=short", "GATEHOUSE_SESSION_IDLE=9999h", "GATEHOUSE_LIMIT_ME=x",
	})
	for _, name := range []string{"LISTN", "KEY_BITS", "MASTER_KEY", "SESSION_IDLE", "LIMIT_ME"} {
		if err == nil || !strings.Contains(err.Error(), "GATEHOUSE_"+name) {
			t.Errorf("nothing about %s in: %v", name, err)
		}
	}
}

func TestASettingThatContradictsAWrongOneIsNotBlamed(t *testing.T) {
	for _, env := range [][]string{
		{"GATEHOUSE_SESSION_MAX=long", "GATEHOUSE_SESSION_IDLE=9999h"},
		{"GATEHOUSE_SESSION_MAX=1h", "GATEHOUSE_SESSION_IDLE=long"},
	} {
		_, err := config.FromEnv(env)
		var all *config.Error
		if !errors.As(err, &all) || len(all.Problems) != 1 || !strings.Contains(err.Error(), `"long"`) {
			t.Errorf("%v: got %v, want a problem with the wrong one alone", env, err)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	for _, c := range []struct{ name, env, want string }{
		{"a misspelt name gets a suggestion", "GATEHOUSE_PUBLIC_URI=https://x.example", "did you mean GATEHOUSE_PUBLIC_URL?"},
		{"a misspelt file name gets a suggestion", "GATEHOUSE_MASTERKEY_FILE=/x", "did you mean GATEHOUSE_MASTER_KEY_FILE?"},
		{"a name like no other gets none", "GATEHOUSE_ZZZZZZZZ=1", "there is no such setting; `gatehouse config` lists them"},
		{"a setting that is no secret has no file", "GATEHOUSE_LISTEN_FILE=/x", "GATEHOUSE_LISTEN_FILE: there is no such setting"},
		{"a misspelt safeguard is not taken for a test switch", "GATEHOUSE_REQUIRE_VERIFED_EMAIL=true", "did you mean GATEHOUSE_REQUIRE_VERIFIED_EMAIL?"},
		{"a safeguard under another name is refused too", "GATEHOUSE_REQUIRE_VERIFICATION=true", "GATEHOUSE_REQUIRE_VERIFICATION: there is no such setting"},
		{"a port by itself is a mistake", "GATEHOUSE_PORT=8080", "GATEHOUSE_PORT: there is no such setting"},
		{"a switch of the test suites is left alone", "GATEHOUSE_TEST_ANYTHING=1", ""},
		{"a demand on the test suites is left alone", "GATEHOUSE_REQUIRE_INTEROP=1", ""},
		{"the address Kubernetes injects is left alone", "GATEHOUSE_PORT=tcp://10.0.0.1:8080", ""},
		{"the port Kubernetes injects is left alone", "GATEHOUSE_PORT_8080_TCP_PORT=8080", ""},
		{"a sibling service Kubernetes injects is left alone", "GATEHOUSE_ADMIN_SERVICE_PORT_HTTP=9090", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.FromEnv([]string{c.env})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestSecretsComeFromFilesToo(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	got, err := config.FromEnv([]string{
		"GATEHOUSE_MASTER_KEY_FILE=" + file("key", masterKey+"\n"), "GATEHOUSE_MASTER_KEY=",
		"GATEHOUSE_STORE_FILE=" + file("store", "mongodb://u:p@h/db\r\n"), "GATEHOUSE_BRIDGE_SECRETS_FILE=",
	})
	if err != nil || got.MasterKey.Reveal() != masterKey || got.Store.Reveal() != "mongodb://u:p@h/db" || got.BridgeSecrets != nil {
		t.Fatalf("got %q, %q, %v, %v", got.MasterKey.Reveal(), got.Store.Reveal(), got.BridgeSecrets, err)
	}
	for _, c := range []struct {
		name, want string
		env        []string
	}{
		{"a value and a file", "not both", []string{"GATEHOUSE_MASTER_KEY=" + longSecret, "GATEHOUSE_MASTER_KEY_FILE=" + file("k", longSecret)}},
		{"no such file", "no such file", []string{"GATEHOUSE_MASTER_KEY_FILE=" + filepath.Join(dir, "none")}},
		{"an empty file", "is empty", []string{"GATEHOUSE_BRIDGE_SECRETS_FILE=" + file("empty", "\n")}},
		{"a huge file", "is longer than", []string{"GATEHOUSE_MAIL_FILE=" + file("huge", strings.Repeat("x", 70<<10))}},
		{"a folder", "cannot be read", []string{"GATEHOUSE_MAIL_FILE=" + dir}},
		{"a file with a wrong value", "GATEHOUSE_MASTER_KEY_FILE: want exactly 32 bytes", []string{"GATEHOUSE_MASTER_KEY_FILE=" + file("weak", "weak")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := config.FromEnv(c.env); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestConfigFile(t *testing.T) {
	dir := t.TempDir()
	load := func(t *testing.T, content string, env ...string) (config.Config, error) {
		t.Helper()
		p := filepath.Join(dir, "gatehouse.env")
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return config.FromEnv(append(env, "GATEHOUSE_CONFIG_FILE="+p))
	}
	t.Run("fills in what the environment leaves open", func(t *testing.T) {
		got, err := load(t, "# comment\n\nGATEHOUSE_KEY_DIR = \"/my keys\"\r\nGATEHOUSE_KEY_BITS=4096\nGATEHOUSE_MASTER_KEY=short\n",
			"GATEHOUSE_KEY_BITS=3072", "GATEHOUSE_MASTER_KEY_FILE=")
		if err != nil || got.KeyDir != "/my keys" || got.KeyBits != 3072 || got.MasterKey != "" {
			t.Errorf("got %q, %d, %v", got.KeyDir, got.KeyBits, err)
		}
	})
	for _, c := range []struct{ name, content, want string }{
		{"a line that is no assignment", "\n" + longSecret + "\n", "line 2: want GATEHOUSE_NAME=VALUE"},
		{"a variable of somebody else", "PATH=/bin", "line 1: want GATEHOUSE_NAME=VALUE"},
		{"a name twice", "GATEHOUSE_MAIL=log:\nGATEHOUSE_MAIL=log:", "line 2: GATEHOUSE_MAIL is set a second time"},
		{"another file", "GATEHOUSE_CONFIG_FILE=x", "cannot name another"},
		{"an unknown name", "GATEHOUSE_LISTN=:1", "did you mean GATEHOUSE_LISTEN?"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			_, err := load(t, c.content)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), longSecret) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("a file that is not there stops the start", func(t *testing.T) {
		_, err := config.FromEnv([]string{"GATEHOUSE_CONFIG_FILE=" + filepath.Join(dir, "none")})
		if err == nil || !strings.Contains(err.Error(), "no such file") {
			t.Errorf("got %v", err)
		}
	})
}

func TestDev(t *testing.T) {
	for _, env := range []string{"GATEHOUSE_LISTEN=0.0.0.0:8080", "GATEHOUSE_LISTEN=:8080", "GATEHOUSE_LISTEN=[::]:8080", "GATEHOUSE_ADMIN_LISTEN=10.0.0.1:1"} {
		c, err := config.FromEnv([]string{env, "GATEHOUSE_PUBLIC_URL=http://localhost"})
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(env, "=")
		if _, err = c.Dev(); err == nil || !strings.HasPrefix(err.Error(), name) || !strings.Contains(err.Error(), "loopback") {
			t.Errorf("%s: got %v, want a refusal", env, err)
		}
	}
	c, err := config.FromEnv([]string{"GATEHOUSE_LISTEN=[::1]:9999", "GATEHOUSE_ADMIN_LISTEN=", "GATEHOUSE_LIMIT_LOGIN=5/15m"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Dev()
	if err != nil {
		t.Fatal(err)
	}
	if d.LimitMe.Limit != 10000 || d.LimitLogin.Limit != 5 {
		t.Errorf("limits are %v and %v, want a generous one and the one that was set", d.LimitMe, d.LimitLogin)
	}
	if d.PublicURL != "http://localhost:9999" || d.Audience[0] != d.PublicURL {
		t.Errorf("public URL %s and audience %v do not follow the port", d.PublicURL, d.Audience)
	}
	if c.LimitMe.Limit != 100 || c.PublicURL != "http://localhost:8080" {
		t.Error("Dev changed the configuration it was called on")
	}
}

func TestWarnings(t *testing.T) {
	quiet, loud := config.Default(), config.Default()
	loud.RateLimit, loud.MongoStandalone, loud.AdminListen, loud.Listen = false, true, ":9090", ":8080"
	if got := quiet.Warnings(); len(got) != 0 {
		t.Errorf("the defaults warn: %v", got)
	}
	if got := loud.Warnings(); len(got) != 5 {
		t.Errorf("got %d warnings, want 5: %v", len(got), got)
	}
	mute, err := config.FromEnv([]string{"GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true"})
	if got := mute.Warnings(); err != nil || len(got) != 1 || !strings.HasPrefix(got[0], "GATEHOUSE_MAIL is log:") {
		t.Errorf("got %v, %v, want a warning that nobody can be verified", got, err)
	}
	moot, err := config.FromEnv([]string{"GATEHOUSE_REGISTRATION=invite", "GATEHOUSE_ARGUFLOW_INVITERS=anyone"})
	if got := moot.Warnings(); err != nil || len(got) != 1 || !strings.HasPrefix(got[0], "GATEHOUSE_ARGUFLOW_INVITERS") {
		t.Errorf("got %v, %v, want a warning that anybody may invite themselves", got, err)
	}
	plain, err := config.FromEnv([]string{"GATEHOUSE_MAIL=smtp://relay:1025?tls=none", "GATEHOUSE_MAIL_PLAINTEXT=true"})
	if got := plain.Warnings(); err != nil || len(got) != 1 || !strings.HasPrefix(got[0], "GATEHOUSE_MAIL_PLAINTEXT") {
		t.Errorf("got %v, %v, want a warning about mail in the clear", got, err)
	}
}
