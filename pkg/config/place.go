package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// The kinds that say where something is.
var (
	address   = textual[string](checkAddress)
	origin    = textual[string](checkOrigin)
	publicURL = textual[string](checkPublicURL)
	appURL    = textual[string](checkAppURL)
	storeDSN  = textual[DSN](checkStore)
	mailDSN   = textual[DSN](checkMail)
	blobsDSN  = textual[DSN](checkBlobs)
)

func checkAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil || host != "" && !isHost(host) {
		return errors.New("host:port, such as 127.0.0.1:8080, or :8080 for every address of the machine")
	}
	return nil
}

// checkOrigin accepts an origin exactly as a browser writes it (RFC 6454 section 6.2), so
// that comparing origins is comparing strings.
func checkOrigin(s string) error {
	want := errors.New("an origin such as https://app.example.com: http or https, a host, and nothing behind it")
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return want
	}
	host := u.Hostname()
	if !isHost(host) {
		return want
	}
	canonical := host
	if strings.Contains(host, ":") {
		canonical = "[" + host + "]"
	}
	if port := u.Port(); port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return want
		}
		if standard := map[string]uint64{"http": 80, "https": 443}; n != standard[u.Scheme] {
			canonical += ":" + strconv.FormatUint(n, 10)
		}
	}
	if canonical = u.Scheme + "://" + canonical; canonical != s {
		return fmt.Errorf("%s, which is how browsers write this origin", canonical)
	}
	return nil
}

// checkPublicURL accepts an origin that is safe to send credentials to: http is for hosts
// that never leave the machine.
func checkPublicURL(s string) error {
	if err := checkOrigin(s); err != nil {
		return err
	}
	u, _ := url.Parse(s) // checkOrigin has parsed it
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return errors.New("https (http is for localhost and loopback addresses only)")
	}
	return nil
}

// checkAppURL accepts a path of this origin or a URL; which origins are allowed is a matter
// of other settings.
func checkAppURL(s string) error {
	want := errors.New("a path such as /app/, or a URL at an allowed origin; no fragment, no backslash")
	u, err := url.Parse(s)
	if err != nil || strings.ContainsAny(s, "#\\ ") || strings.HasPrefix(s, "//") {
		return want
	}
	if u.Scheme == "" && u.Host == "" && strings.HasPrefix(s, "/") {
		return nil
	}
	if u.Scheme == "" || u.Host == "" || u.User != nil || checkOrigin(u.Scheme+"://"+u.Host) != nil {
		return want
	}
	return nil
}

func checkStore(s string) error {
	want := errors.New("the path of a SQLite file, or a mongodb:// or mongodb+srv:// URL")
	scheme, rest, isURL := strings.Cut(s, "://")
	switch {
	case isURL && (scheme != "mongodb" && scheme != "mongodb+srv" || rest == ""):
		return want
	case isURL:
		return nil
	case strings.HasPrefix(s, ":") || strings.HasPrefix(s, "file:"): // SQLite would not take these for paths
		return want
	case checkPath(s) != nil || strings.HasSuffix(s, "/"):
		return want
	}
	return nil
}

func checkPath(s string) error {
	if strings.TrimSpace(s) == "" || strings.ContainsRune(s, 0) {
		return errors.New("a path")
	}
	return nil
}

func parseNetwork(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil || p.Addr().Is4In6():
		return p, errors.New("a network such as 10.0.0.0/8, or 192.0.2.1/32 for one address")
	case p.Bits() == 0:
		return p, errors.New("a network smaller than the whole internet: whoever is trusted can forge any client address")
	case p.Masked() != p:
		return p, fmt.Errorf("%s, which is how that network is written", p.Masked())
	}
	return p, nil
}

// isHost accepts an IP address in its canonical form and an ASCII host name in lower case.
func isHost(s string) bool {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.String() == s && ip.Zone() == "" && !ip.Is4In6()
	}
	if s == "" || len(s) > 253 {
		return false
	}
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	return last[0] < '0' || last[0] > '9' // else browsers would read it as an IPv4 address
}

// isLoopback reports whether a host never leaves the machine (RFC 6761 section 6.3 for names).
func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func hostOf(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return host
}
