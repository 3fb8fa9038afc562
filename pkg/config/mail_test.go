package config_test

import (
	"net/mail"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/config"
)

func TestCarrierTakesMailApart(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       config.Carrier
	}{
		{"the log", "log:", config.Carrier{By: "log"}},
		{"a folder", "file:var/mail", config.Carrier{By: "file", Dir: "var/mail"}},
		{"a server", "smtp://mail.example.com", config.Carrier{By: "smtp", Host: "mail.example.com", Port: 587, TLS: "starttls"}},
		{"a server with a slash", "smtp://h:25/?tls=starttls", config.Carrier{By: "smtp", Host: "h", Port: 25, TLS: "starttls"}},
		{"a user", "smtp://me%40x:p%3A%40ss@h", config.Carrier{By: "smtp", Host: "h", Port: 587, User: "me@x", Password: "p:@ss", TLS: "starttls"}},
		{"implicit TLS", "smtps://h", config.Carrier{By: "smtp", Host: "h", Port: 465, TLS: "implicit"}},
		{"implicit TLS by name", "smtp://h:2465?tls=implicit", config.Carrier{By: "smtp", Host: "h", Port: 2465, TLS: "implicit"}},
		{"none on this machine", "smtp://u:p@[::1]?tls=none", config.Carrier{By: "smtp", Host: "::1", Port: 25, User: "u", Password: "p", TLS: "none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := config.FromEnv([]string{"GATEHOUSE_MAIL=" + c.text})
			if err != nil {
				t.Fatal(err)
			}
			same := cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() })
			if diff := cmp.Diff(c.want, cfg.Carrier(), same); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSenderIsAMailbox(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		want mail.Address
	}{
		{"nothing set", nil, mail.Address{Name: "Gatehouse", Address: "no-reply@localhost"}},
		{"a public URL", []string{"GATEHOUSE_PUBLIC_URL=https://id.example.com:8443"}, mail.Address{Name: "Gatehouse", Address: "no-reply@id.example.com"}},
		{"a public URL without a name", []string{"GATEHOUSE_PUBLIC_URL=http://127.0.0.1"}, mail.Address{Name: "Gatehouse", Address: "no-reply@localhost"}},
		{"a brand", []string{"GATEHOUSE_BRAND_NAME=Söhne, \"Acme\""}, mail.Address{Name: "Söhne, \"Acme\"", Address: "no-reply@localhost"}},
		{"an address", []string{"GATEHOUSE_MAIL_FROM=id@acme.example"}, mail.Address{Name: "Gatehouse", Address: "id@acme.example"}},
		{"a name", []string{"GATEHOUSE_MAIL_FROM=Über <id@acme.example>"}, mail.Address{Name: "Über", Address: "id@acme.example"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := config.FromEnv(c.env)
			if err != nil {
				t.Fatal(err)
			}
			got, err := mail.ParseAddress(cfg.Sender())
			if err != nil {
				t.Fatalf("%s: %v", cfg.Sender(), err)
			}
			if diff := cmp.Diff(c.want, *got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
