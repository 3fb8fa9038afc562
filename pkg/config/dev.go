package config

import (
	"net"

	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// generous is how many times the normal limits `serve --dev` allows: enough that nobody who
// tries things out by hand or with a script of their own meets one.
const generous = 100

// Dev returns the configuration of `serve --dev`: limits are generous, mail stays in an inbox
// there is a bridge secret, and the public URL follows the port, unless they were set. A listen address that others can reach is refused,
// because that mode prints credentials. The error is an *Error.
func (c Config) Dev() (Config, error) {
	if err := asError(c.reachable()); err != nil {
		return c, err
	}
	c.Development = true
	for name, limit := range map[string]*Rate{
		"LIMIT_LOGIN": &c.LimitLogin, "LIMIT_REGISTER": &c.LimitRegister, "LIMIT_REFRESH": &c.LimitRefresh,
		"LIMIT_ME": &c.LimitMe, "LIMIT_LOGOUT": &c.LimitLogout, "LIMIT_MAIL": &c.LimitMail, "LIMIT_MAIL_DAY": &c.LimitMailDay,
		"LIMIT_CODE": &c.LimitCode, "LIMIT_UPLOAD": &c.LimitUpload,
	} {
		if !c.given[name] {
			limit.Limit *= generous
		}
	}
	if len(c.BridgeSecrets) == 0 {
		c.BridgeSecrets = []Secret{Secret(opaque.Random(MinSecret))}
	}
	if _, port, err := net.SplitHostPort(c.Listen); err == nil && port != "0" && !c.given["PUBLIC_URL"] {
		c.PublicURL = "http://localhost:" + port
		if !c.given["AUDIENCE"] {
			c.Audience = []string{c.PublicURL}
		}
	}
	return c, nil
}

// reachable returns a problem for each address that other machines can reach.
func (c Config) reachable() []Problem {
	var problems []Problem
	for _, at := range []struct{ name, address string }{{"LISTEN", c.Listen}, {"ADMIN_LISTEN", c.AdminListen}} {
		if at.address == "" || isLoopback(hostOf(at.address)) {
			continue
		}
		problems = append(problems, Problem{
			Name: Prefix + at.name, Value: quote(at.address),
			Detail: "want a loopback address such as 127.0.0.1:8080: serve --dev prints credentials and must not be reachable",
		})
	}
	return problems
}
