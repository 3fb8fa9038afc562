// Command gatehouse is the service and everything an operator does to it.
//
// It owns flags, help texts and output; what the commands do is pkg/app's services' business,
// the same that the server calls.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:]))
}

// errReported ends a command whose output has said already what is wrong.
var errReported = errors.New("reported")

func run(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(keyIDsLast(args))
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case !errors.Is(err, errReported):
		_, _ = fmt.Fprintln(os.Stderr, "gatehouse:", message(err))
	}
	return 1
}
