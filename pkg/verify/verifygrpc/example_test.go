package verifygrpc_test

import (
	"context"
	"log"

	"google.golang.org/grpc"

	"github.com/gatehouse-id/gatehouse/pkg/verify"
	"github.com/gatehouse-id/gatehouse/pkg/verify/verifygrpc"
)

func Example() {
	v, err := verify.New(context.Background(), "https://id.example.com", verify.Audience("my-api"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(
		grpc.UnaryInterceptor(verifygrpc.UnaryInterceptor(v)),
		grpc.StreamInterceptor(verifygrpc.StreamInterceptor(v)),
	)
	_ = server // register your services; verify.ClaimsFrom(ctx) inside their methods
}
