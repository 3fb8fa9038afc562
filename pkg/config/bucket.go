package config

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Bucket is the setting Blobs, taken apart.
type Bucket struct {
	Endpoint  string // host or host:port
	TLS       bool
	Region    string // empty when it was not set
	Name      string
	Prefix    string // of every object's name
	AccessKey string
	SecretKey Secret
}

// Bucket returns where blobs lie, and false when that is the store.
func (c Config) Bucket() (Bucket, bool) {
	if c.Blobs == "" {
		return Bucket{}, false
	}
	b, _ := parseBucket(c.Blobs.Reveal()) // it has been checked
	return b, true
}

func checkBlobs(s string) error {
	_, err := parseBucket(s)
	return err
}

var errBucket = errors.New("a URL such as s3://ACCESS:SECRET@host:9000/bucket?region=eu-central-1&tls=on&prefix=pictures/, with what is special in the keys percent-encoded")

func parseBucket(s string) (Bucket, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "s3" || u.Fragment != "" || !isHost(u.Hostname()) {
		return Bucket{}, errBucket
	}
	b := Bucket{Endpoint: u.Host, TLS: true, Name: strings.Trim(u.Path, "/"), AccessKey: u.User.Username()}
	secret, _ := u.User.Password()
	b.SecretKey = Secret(secret)
	if b.AccessKey == "" || secret == "" || !isBucket(b.Name) || !isPort(u) {
		return Bucket{}, errBucket
	}
	return b, b.options(u.RawQuery)
}

func isPort(u *url.URL) bool {
	_, _, err := net.SplitHostPort(u.Host)
	if err != nil { // there is none
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

// isBucket accepts what all servers take for the name of a bucket.
func isBucket(s string) bool {
	return len(s) >= 3 && len(s) <= 63 && isHost(s)
}

// options reads the parameters and refuses every other one: a misspelt one would send in the
// clear what was to be encrypted.
func (b *Bucket) options(query string) error {
	want := errors.New("no parameter but region, tls=on or tls=off, and prefix, each once")
	asked, err := url.ParseQuery(query)
	if err != nil {
		return want
	}
	for name, values := range asked {
		if len(values) != 1 || strings.ContainsFunc(values[0], func(r rune) bool { return r <= ' ' || r > '~' }) {
			return want
		}
		switch value := values[0]; {
		case name == "region" && value != "":
			b.Region = value
		case name == "tls" && (value == "on" || value == "off"):
			b.TLS = value == "on"
		case name == "prefix" && !strings.HasPrefix(value, "/") && len(value) <= 200:
			b.Prefix = value
		default:
			return want
		}
	}
	return nil
}
