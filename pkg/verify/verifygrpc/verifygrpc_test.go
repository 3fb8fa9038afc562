package verifygrpc_test

import (
	"context"
	"log/slog"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gatehouse-id/gatehouse/pkg/idptest"
	"github.com/gatehouse-id/gatehouse/pkg/verify"
	"github.com/gatehouse-id/gatehouse/pkg/verify/verifygrpc"
)

// greeter says, in the one field its messages have, whether the caller is somebody.
type greeter struct {
	grpc_health_v1.UnimplementedHealthServer
}

func (greeter) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	return known(ctx), nil
}

func (greeter) Watch(_ *grpc_health_v1.HealthCheckRequest, s grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]) error {
	return s.Send(known(s.Context()))
}

func known(ctx context.Context) *grpc_health_v1.HealthCheckResponse {
	if c, ok := verify.ClaimsFrom(ctx); !ok || c.Subject == "" {
		return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}
}

func client(t *testing.T, v *verify.Verifier, checks ...verify.Check) grpc_health_v1.HealthClient {
	t.Helper()
	server := grpc.NewServer(
		grpc.UnaryInterceptor(verifygrpc.UnaryInterceptor(v, checks...)),
		grpc.StreamInterceptor(verifygrpc.StreamInterceptor(v, checks...)),
	)
	grpc_health_v1.RegisterHealthServer(server, greeter{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return grpc_health_v1.NewHealthClient(conn)
}

func TestInterceptors(t *testing.T) {
	idp := idptest.Start(t)
	verifier := func(issuer string) *verify.Verifier {
		v, err := verify.New(t.Context(), issuer, verify.Audience(idp.Audience), verify.Logger(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := verifier(idp.URL)
	anybody, admins := client(t, v), client(t, v, verify.RequireUserType("admin"))
	lost := client(t, verifier("http://127.0.0.1:1")) // nobody listens there
	ada := "Bearer " + idp.User(t, "ada@example.com").AccessToken
	for name, tc := range map[string]struct {
		client grpc_health_v1.HealthClient
		header []string
		want   codes.Code
	}{
		"a good token":                  {anybody, []string{ada}, codes.OK},
		"no token":                      {anybody, nil, codes.Unauthenticated},
		"two tokens":                    {anybody, []string{ada, ada}, codes.Unauthenticated},
		"a token for somebody else":     {anybody, []string{"Bearer " + idp.Token(t, idptest.Claims{Audience: "other"})}, codes.Unauthenticated},
		"a user of another type":        {admins, []string{ada}, codes.PermissionDenied},
		"a user of the type":            {admins, []string{"Bearer " + idp.Token(t, idptest.Claims{UserType: "admin"})}, codes.OK},
		"the issuer cannot be reached":  {lost, []string{ada}, codes.Unavailable},
		"and no token needs no issuer":  {lost, nil, codes.Unauthenticated},
		"nor does something else do so": {lost, []string{"Bearer x.y.z"}, codes.Unauthenticated},
	} {
		ctx := t.Context()
		for _, line := range tc.header {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", line)
		}
		unary, err := tc.client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		greeted(t, name+", unary", unary, err, tc.want)
		stream, err := tc.client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		streamed, err := stream.Recv()
		greeted(t, name+", stream", streamed, err, tc.want)
	}
}

func greeted(t *testing.T, name string, got *grpc_health_v1.HealthCheckResponse, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("%s: got %v, want %v", name, err, want)
	}
	if err == nil && got.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("%s: the handler got no claims", name)
	}
}
