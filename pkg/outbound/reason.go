package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
)

// Reason returns what went wrong with a call in words that repeat nothing of the request, of its URL
// or of the answer, for logs. It wraps ErrRefused, ErrTooLarge and ErrBusy, and a context's end.
func Reason(err error) error {
	var (
		timeout     interface{ Timeout() bool }
		certificate *tls.CertificateVerificationError
		lookup      *net.DNSError
	)
	for _, known := range []error{ErrRefused, ErrTooLarge, ErrBusy, context.Canceled} {
		if errors.Is(err, known) {
			return known
		}
	}
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	case errors.As(err, &certificate):
		return errCertificate
	case errors.As(err, &lookup):
		return errLookup
	}
	return errBroken
}

var (
	errTimeout     = errors.New("outbound: no answer in time")
	errCertificate = errors.New("outbound: the certificate is not good")
	errLookup      = errors.New("outbound: the name was not found")
	errBroken      = errors.New("outbound: the call failed")
)
