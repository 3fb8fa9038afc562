package config

import "time"

// privacy says how much of a setting may be shown, and whether NAME_FILE may name a file
// that holds the value.
type privacy int

const (
	open   privacy = iota // shown
	dsn                   // shown without its password; NAME_FILE works
	secret                // never shown; NAME_FILE works
)

// setting ties a variable to a field of a Config.
type setting struct {
	name    string // without Prefix
	def     string // what stands for an unset variable
	value   value
	privacy privacy
	meaning string
}

const (
	second = time.Second
	day    = 24 * time.Hour
	long   = 3650 * day // ten years: longer is a mistake
)

// all returns the table and, behind it, the variables of the providers in Social.
func (c *Config) all() []setting {
	out := c.settings()
	for i := range c.Social {
		out = append(out, c.Social[i].settings()...)
	}
	return out
}

// settings is the table of all variables, in the order they are shown in.
func (c *Config) settings() []setting {
	return []setting{
		{"CONFIG_FILE", "", in(&c.ConfigFile, anyText), open, "a file of NAME=VALUE lines; the environment wins over it"},
		{"LISTEN", "127.0.0.1:8080", in(&c.Listen, address), open, "address to serve on"},
		{"ADMIN_LISTEN", "127.0.0.1:9090", in(&c.AdminListen, optional(address)), open, "address of metrics and profiles; empty = off"},
		{"PUBLIC_URL", "http://localhost:8080", in(&c.PublicURL, publicURL), open, "what clients see; the only source of issuer, links and redirects"},
		{"APP_URL", "/app/", in(&c.AppURL, appURL), open, "where the browser goes after signing in; a path, or a URL at an allowed origin"},
		{"AUDIENCE", c.PublicURL, in(&c.Audience, list(word)), open, "aud claim of access tokens, comma separated; the public URL when unset"},
		{"STORE", "var/gatehouse.db", in(&c.Store, storeDSN), dsn, "a file path (SQLite) or a mongodb:// URL"},
		{"MONGO_STANDALONE", "false", in(&c.MongoStandalone, boolean("true", "false")), open, "accept a MongoDB that is no replica set (tests, trials)"},
		{"BLOBS", "", in(&c.Blobs, optional(blobsDSN)), dsn, "s3://ACCESS:SECRET@host/bucket for pictures; empty = in the store"},
		{"KEY_DIR", "keys", in(&c.KeyDir, path), open, "folder of the master key's file when GATEHOUSE_MASTER_KEY is unset"},
		{"MASTER_KEY", "", in(&c.MasterKey, optional(masterKey)), secret, "32 bytes as base64 or hex that encrypt the signing keys; unset = a file in GATEHOUSE_KEY_DIR"},
		{"KEY_BITS", "2048", in(&c.KeyBits, number(2048, 3072, 4096)), open, "size of new signing keys"},
		{"KEY_ROTATION", "720h", in(&c.KeyRotation, duration(second, long)), open, "how long a key signs"},
		{"KEY_LEAD", "24h", in(&c.KeyLead, duration(day, long)), open, "how long a key is published before it signs"},
		{"JWKS_MAX_AGE", "300s", in(&c.JWKSMaxAge, wholeSeconds(second, day)), open, "how long others may cache the key set"},
		{"ACCESS_TOKEN_TTL", "1h", in(&c.AccessTokenTTL, wholeSeconds(second, day)), open, "lifetime of an access token"},
		{"REFRESH_GRACE", "30s", in(&c.RefreshGrace, duration(0, time.Minute)), open, "how long the previous refresh token still gets the current one"},
		{"SESSION_IDLE", "720h", in(&c.SessionIdle, duration(second, long)), open, "an unused session ends after this"},
		{"SESSION_ID_TTL", "168h", in(&c.SessionIDTTL, duration(second, long)), open, "an unused session of the Flowless or the Arguflow dialect ends after this"},
		{"SESSION_MAX", "2160h", in(&c.SessionMax, duration(second, long)), open, "every session ends after this"},
		{"DRAIN_DELAY", "3s", in(&c.DrainDelay, duration(0, time.Minute)), open, "how long a stopping server says not ready before it stops accepting"},
		{"MAIL", "log:", in(&c.Mail, mailDSN), dsn, "log:, file:DIR or smtp://user:pass@host:port?tls=starttls"},
		{"MAIL_FROM", "", in(&c.MailFrom, optional(mailbox)), open, "whom mail is from; no-reply at the public URL's host when unset"},
		{"MAIL_PLAINTEXT", "false", in(&c.MailPlaintext, boolean("true", "false")), open, "allow tls=none to a mail server on another machine"},
		{"MAIL_TEMPLATES", "", in(&c.MailTemplates, optional(path)), open, "folder of templates that replace the built-in ones"},
		{"BRAND_NAME", "Gatehouse", in(&c.BrandName, brandName), open, "what mails and pages call the service"},
		{"BRAND_COLOR", "#2454c7", in(&c.BrandColor, brandColor), open, "colour of buttons; white text on it must be readable"},
		{"BRAND_LOGO", "", in(&c.BrandLogo, optional(path)), open, "a PNG, JPEG, WebP or SVG file that pages show in place of the name"},
		{"REGISTRATION", "open", in(&c.Registration, oneOf("open", "invite", "closed")), open, "who may register: open, invite or closed"},
		{"REQUIRE_VERIFIED_EMAIL", "false", in(&c.RequireVerifiedEmail, boolean("true", "false")), open, "sign-in waits for verification"},
		{"FLOWLESS", "/flowless", in(&c.Flowless, mounts), open, "where the Flowless dialect is served: a path, a host name, or both, comma separated; off = nowhere"},
		{"ARGUFLOW", "/api", in(&c.Arguflow, mounts), open, "where the Arguflow dialect is served: a path, a host name, or both, comma separated; off = nowhere"},
		{"ARGUFLOW_COOKIE", "ai-editor", in(&c.ArguflowCookie, cookieName), open, "name of its cookie; __Host-ai-editor on https keeps other hosts of the domain from setting it"},
		{"ARGUFLOW_INVITERS", "", in(&c.ArguflowInviters, optional(oneOf("anyone", "users"))), open, "who may invite by it; empty = anyone where registration is open, else users"},
		{"ARGUFLOW_INVITATION_TTL", "72h", in(&c.ArguflowInvitationTTL, duration(time.Minute, 365*day)), open, "how long its invitations are good"},
		{"ARGUFLOW_RESET_TTL", "1h", in(&c.ArguflowResetTTL, duration(time.Minute, day)), open, "how long its links to reset a password are good"},
		{"BRIDGE_SECRETS", "", in(&c.BridgeSecrets, atMost(2, list(longSecret))), secret, "Flowless bridge secrets, comma separated (two during rotation)"},
		{"TRUST_TOKEN", "jwt", in(&c.TrustToken, oneOf("jwt", "paseto")), open, "format of the token that tells a bridge about a session: jwt or paseto"},
		{"TRUST_TOKEN_TTL", "5m", in(&c.TrustTokenTTL, wholeSeconds(10*second, time.Hour)), open, "lifetime of that token"},
		{"TRUSTED_PROXIES", "", in(&c.TrustedProxies, list(network)), open, "CIDRs whose forwarding headers are believed"},
		{"CORS_ORIGINS", "", in(&c.CORSOrigins, list(origin)), open, "exact origins that may call with credentials"},
		{"RATE_LIMIT", "on", in(&c.RateLimit, boolean("on", "off")), open, "on, or off (tests and benchmarks only)"},
		{"LIMIT_LOGIN", "5/15m", in(&c.LimitLogin, rate), open, "attempts to sign in"},
		{"LIMIT_REGISTER", "3/1h", in(&c.LimitRegister, rate), open, "registrations"},
		{"LIMIT_REFRESH", "20/1m", in(&c.LimitRefresh, rate), open, "refreshes of one session"},
		{"LIMIT_ME", "100/1m", in(&c.LimitMe, rate), open, "reads of one session's own account"},
		{"LIMIT_LOGOUT", "10/1m", in(&c.LimitLogout, rate), open, "sign-outs"},
		{"LIMIT_MAIL", "3/15m", in(&c.LimitMail, rate), open, "mails to one recipient"},
		{"LIMIT_MAIL_DAY", "10/24h", in(&c.LimitMailDay, rate), open, "mails to one recipient over a longer time"},
		{"LIMIT_UPLOAD", "10/1h", in(&c.LimitUpload, rate), open, "pictures that one account sends"},
		{"LIMIT_CODE", "10/15m", in(&c.LimitCode, rate), open, "attempts at codes and one-time tokens"},
		{"LOG_LEVEL", "info", in(&c.LogLevel, logLevel), open, "debug, info, warn or error"},
		{"LOG_FORMAT", "json", in(&c.LogFormat, oneOf("json", "text")), open, "json or text"},
	}
}
