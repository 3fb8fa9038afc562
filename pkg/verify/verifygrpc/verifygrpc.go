// Package verifygrpc is verify's interceptors for gRPC servers. It owns nothing but that:
// settings, checks and errors are those of verify.
//
// The token comes in the metadata "authorization: Bearer ...". Handlers get its claims by
// verify.ClaimsFrom(ctx). Who is refused gets UNAUTHENTICATED, PERMISSION_DENIED or, when the
// issuer cannot be reached, UNAVAILABLE.
package verifygrpc

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

// UnaryInterceptor lets calls with a good bearer token that passes every check through.
func UnaryInterceptor(v *verify.Verifier, checks ...verify.Check) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		ctx, err := authenticate(ctx, v, checks)
		if err != nil {
			return nil, err
		}
		return handler(ctx, req)
	}
}

// StreamInterceptor is UnaryInterceptor for streams. It looks at the token when a stream
// begins: end long streams yourself when the claims' ExpiresAt has come.
func StreamInterceptor(v *verify.Verifier, checks ...verify.Check) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx, err := authenticate(stream.Context(), v, checks)
		if err != nil {
			return err
		}
		return handler(srv, authenticated{ServerStream: stream, ctx: ctx})
	}
}

// authenticated is a stream whose context carries claims.
type authenticated struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements grpc.ServerStream.
func (s authenticated) Context() context.Context { return s.ctx }

func authenticate(ctx context.Context, v *verify.Verifier, checks []verify.Check) (context.Context, error) {
	raw, err := verify.Bearer(metadata.ValueFromIncomingContext(ctx, "authorization"))
	if err != nil {
		return nil, refusal(err)
	}
	claims, err := v.Verify(ctx, raw, checks...)
	if err != nil {
		return nil, refusal(err)
	}
	return verify.NewContext(ctx, claims), nil
}

// refusal says no more than verify.Answer does.
func refusal(err error) error {
	switch {
	case errors.Is(err, verify.ErrForbidden):
		return status.Error(codes.PermissionDenied, "not allowed")
	case errors.Is(err, verify.ErrUnavailable):
		return status.Error(codes.Unavailable, "tokens cannot be verified now")
	default:
		return status.Error(codes.Unauthenticated, "a good access token is needed")
	}
}
