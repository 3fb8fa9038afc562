package httpkit

import (
	"net"
	"net/http"
	"strings"
)

// Hosts sends a request to whoever has its host name, and every other to Rest. It decides by the
// name alone, and nothing but that is decided by it: links and issuers come from configuration.
type Hosts struct {
	Named map[string]http.Handler // by host name in lower case, without a port
	Rest  http.Handler
}

// ServeHTTP implements http.Handler.
func (h Hosts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(h.Named) > 0 {
		if own, ok := h.Named[Hostname(r.Host)]; ok {
			own.ServeHTTP(w, r)
			return
		}
	}
	h.Rest.ServeHTTP(w, r)
}

// Hostname returns the name that a Host header asks for, in lower case and without a port.
func Hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
