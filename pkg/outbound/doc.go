// Package outbound owns calls to other people's services at URLs that come from settings, from
// discovery documents and from redirects.
//
// It refuses to be led into the network it runs in (CWE-918; OWASP ASVS 5.0 1.3.6): https only,
// and no address that is not public, checked when the connection is made and so after every look-up
// of a name. What the operator has named may be private, and may be spoken to by http if it is named
// so. It takes no proxy from the environment: a proxy would look names up itself, and nothing would
// check what it finds.
//
// It refuses to wait or to read for long, whatever is at the other end.
package outbound
