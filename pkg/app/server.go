package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The limits of a connection: what a slow or hostile client can hold.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
	finishTimeout     = 25 * time.Second
)

// Run serves until ctx ends, then drains: it says not ready, waits for the configured delay
// so that load balancers notice, finishes what is in flight, carries out what is due and
// closes the store. ready is called once with the URL when requests are accepted. The App
// cannot be used afterwards.
func (a *App) Run(ctx context.Context, ready func(url string)) (err error) {
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	stopped := a.background(life)
	defer func() {
		stop()
		<-stopped
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
		defer cancel()
		err = errors.Join(err, a.Close(closing))
	}()
	listener, err := a.listen(ctx, a.Config.Listen)
	if err != nil {
		return err
	}
	public := a.server(a.handler)
	failed := make(chan error, 2)
	serve := func(s *http.Server, l net.Listener) {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}
	if a.Config.AdminListen != "" {
		l, err := a.listen(ctx, a.Config.AdminListen)
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		a.Log.InfoContext(ctx, "serving metrics and profiles", "url", url(l.Addr()))
		admin := a.server(a.adminHandler())
		admin.WriteTimeout = 2 * time.Minute // profiles take their time
		go serve(admin, l)
		defer func() { err = errors.Join(err, admin.Close()) }()
	}
	go serve(public, listener)
	ready(url(listener.Addr()))
	select {
	case <-ctx.Done():
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	}
	return a.drain(context.WithoutCancel(ctx), public)
}

func (a *App) drain(ctx context.Context, public *http.Server) error {
	a.health.draining.Store(true)
	a.Log.InfoContext(ctx, "shutting down", "delay", a.Config.DrainDelay.String())
	wait(ctx, a.Config.DrainDelay)
	ctx, cancel := context.WithTimeout(ctx, finishTimeout)
	defer cancel()
	if err := public.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("some requests were cut off: %w", err), public.Close())
	}
	return nil
}

func (a *App) listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}

func (a *App) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug),
	}
}

// url spells a listening address as a person would type it.
func url(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "http://" + addr.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}
