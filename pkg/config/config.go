package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Prefix begins the name of every variable.
const Prefix = "GATEHOUSE_"

// Config is everything an operator can set. Get one from FromEnv or Default: only then does
// what the fields promise hold. The names, defaults and meanings stand in settings.go.
type Config struct {
	// ConfigFile is the file of NAME=VALUE lines that was read; empty when none was.
	ConfigFile string
	// Listen is the address to serve on, as net.Listen takes it. Port 0 means any free port.
	Listen string
	// AdminListen is the address of metrics and profiles; empty means they are off. It is
	// never the address in Listen.
	AdminListen string
	// PublicURL is the origin that clients see, without a slash at its end. Issuer, links and
	// redirects come from it and from nothing else. It is https unless its host is loopback.
	PublicURL string
	// AppURL is where a browser goes after signing in: a path of PublicURL, or a URL whose
	// origin is PublicURL or one of CORSOrigins.
	AppURL string
	// Audience is the aud claim of access tokens; never empty.
	Audience []string

	// Store is where records live: the path of a SQLite file, or a mongodb:// or
	// mongodb+srv:// URL.
	Store DSN
	// MongoStandalone accepts a MongoDB that is no replica set.
	MongoStandalone bool

	// Blobs is where pictures lie: an s3:// URL, or empty for the store. Bucket takes it apart.
	Blobs DSN

	// KeyDir is the folder of the master key's file, used when MasterKey is empty.
	KeyDir string
	// MasterKey encrypts the signing keys at rest: what masterkey.Parse takes, or empty.
	MasterKey Secret
	// KeyBits is the size of new RSA signing keys: 2048, 3072 or 4096.
	KeyBits int
	// KeyRotation is how long a key signs before the next one takes over; at least KeyLead.
	KeyRotation time.Duration
	// KeyLead is how long a key is published before it signs: at least 24 hours and at least
	// twice JWKSMaxAge, so that every cached key set knows a key before it is used.
	KeyLead time.Duration
	// JWKSMaxAge is how long others may cache the key set; whole seconds.
	JWKSMaxAge time.Duration

	// AccessTokenTTL is the lifetime of an access token; whole seconds.
	AccessTokenTTL time.Duration
	// RefreshGrace is how long the refresh token before the current one still gets the
	// current one; at most a minute, 0 means not at all.
	RefreshGrace time.Duration
	// SessionIdle ends a session that is not refreshed for so long; at most SessionMax.
	SessionIdle time.Duration
	// SessionIDTTL is SessionIdle for sessions that are held by their id, as the Flowless
	// dialect's are.
	SessionIDTTL time.Duration
	// SessionMax ends a session however much it is used.
	SessionMax time.Duration

	// DrainDelay is how long a server that was told to stop says not ready, and still serves,
	// so that load balancers notice.
	DrainDelay time.Duration

	// Mail is how mail leaves: log:, file:DIR, or an smtp:// or smtps:// URL. Carrier takes it
	// apart.
	Mail DSN
	// MailFrom is whom mail is from: an address, with or without a name; empty when it was not
	// set. Sender says what that means.
	MailFrom string
	// MailPlaintext allows tls=none to a mail server that is not on this machine. A password
	// never goes there.
	MailPlaintext bool
	// MailTemplates is a folder of templates that stand in for the built-in ones; empty means
	// there is none.
	MailTemplates string

	// BrandName is what mails and pages call the service; one line.
	BrandName string
	// BrandColor is the colour of buttons, as #rrggbb in lower case; white text on it can be read.
	BrandColor string
	// BrandLogo is the path of a picture that pages show in place of BrandName; empty means none.
	BrandLogo string

	// Registration says who may register: open (anybody), invite (holders of a code) or
	// closed (nobody).
	Registration string
	// RequireVerifiedEmail makes sign-in wait until the address is verified.
	RequireVerifiedEmail bool
	// Flowless is where the Flowless dialect is served; none when it is not.
	Flowless []Mount
	// Arguflow is where the Arguflow dialect is served; none when it is not.
	Arguflow []Mount
	// ArguflowCookie is the name of its cookie.
	ArguflowCookie string
	// ArguflowInviters says who may invite by it: anyone, users, or empty for anyone where
	// Registration is open and users where it is not.
	ArguflowInviters string
	// ArguflowInvitationTTL is how long its invitations are good.
	ArguflowInvitationTTL time.Duration
	// ArguflowResetTTL is how long its links to reset a password are good.
	ArguflowResetTTL time.Duration
	// BridgeSecrets are what servers of the Flowless dialect authenticate with: none, one, or
	// two while one replaces the other; at least 32 characters each that somebody made up by
	// machine.
	BridgeSecrets []Secret
	// TrustToken is the format of what a bridge gets for a good session: jwt or paseto.
	TrustToken string
	// TrustTokenTTL is its lifetime; whole seconds.
	TrustTokenTTL time.Duration
	// TrustedProxies are the networks whose forwarding headers are believed.
	TrustedProxies []netip.Prefix
	// CORSOrigins are the origins of other sites' pages that may call with credentials, as a
	// browser writes them.
	CORSOrigins []string

	// Social are the identity providers that people may sign in with, sorted by name.
	Social []Social

	// RateLimit is false only in tests and benchmarks: then nothing is limited.
	RateLimit bool
	// LimitLogin bounds attempts to sign in.
	LimitLogin Rate
	// LimitRegister bounds registrations.
	LimitRegister Rate
	// LimitRefresh bounds refreshes of one session.
	LimitRefresh Rate
	// LimitMe bounds reads of one session's own account.
	LimitMe Rate
	// LimitLogout bounds sign-outs.
	LimitLogout Rate
	// LimitMail bounds mails to one recipient.
	LimitMail Rate
	// LimitMailDay bounds them over a longer time.
	LimitMailDay Rate
	// LimitUpload bounds pictures that one account sends.
	LimitUpload Rate
	// LimitCode bounds attempts at codes and one-time tokens.
	LimitCode Rate

	// LogLevel is the least severe level that is logged.
	LogLevel slog.Level
	// LogFormat is json or text.
	LogFormat string

	// Development serves the pages that are for trying things out. Only Dev sets it.
	Development bool

	given map[string]bool // names, without Prefix, that were set to anything
}

// Default returns the configuration of a process without any variable.
func Default() Config {
	c, _ := FromEnv(nil) // a test proves that the defaults pass
	return c
}
