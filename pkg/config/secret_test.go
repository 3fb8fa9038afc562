package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/config"
)

func TestPasswordsAreMasked(t *testing.T) {
	for _, c := range []struct{ name, dsn, want string }{
		{"a path is shown", "var/gatehouse.db", "var/gatehouse.db"},
		{"a URL without a password is shown", "mongodb://h1:1,h2:2/db?w=majority", "mongodb://h1:1,h2:2/db?w=majority"},
		{"a password is masked", "mongodb://u:hunter2@h1:1,h2:2/db", "mongodb://u:********@h1:1,h2:2/db"},
		{"an empty password is masked", "smtp://u:@h", "smtp://u:********@h"},
		{"a password with an at sign is masked whole", "smtp://u:hun@ter2@h", "smtp://u:********@h"},
		{"a password with a slash is masked whole", "smtp://u:hun/ter2@h", "smtp://u:********@h"},
		{"a password with a colon is masked whole", "smtp://u:hun:ter2@h", "smtp://u:********@h"},
		{"a password with a question mark is masked whole", "smtp://u:hun?ter2@h", "smtp://********"},
		{"a URL that lost its slashes is masked", "smtp:u:hunter2@h", "smtp:********@h"},
		{"a parameter that is a password is masked", "mongodb://h/?tlsCertificateKeyFilePassword=hunter2&w=1", "mongodb://h/?tlsCertificateKeyFilePassword=********&w=1"},
		{"a parameter with a session token is masked", "mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:hunter2", "mongodb://h/?authMechanismProperties=********"},
		{"an address in a parameter is shown", "smtp://h:587?from=a@b.example", "smtp://h:587?from=a@b.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := config.DSN(c.dsn).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestNoWayOfPrintingShowsASecret(t *testing.T) {
	const password, key, bridge = "correct-horse", masterKey, "bridge-of-the-house-0123456789-012"
	c, err := config.FromEnv([]string{
		"GATEHOUSE_STORE=mongodb://u:" + password + "@h/db", "GATEHOUSE_MAIL=smtp://u:" + password + "@h:587",
		"GATEHOUSE_MASTER_KEY=" + key, "GATEHOUSE_BRIDGE_SECRETS=" + bridge + "1," + bridge + "2",
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "%v %+v %#v %s %q", c, c, c, c.MasterKey, c.BridgeSecrets)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("config", "config", c, "key", c.MasterKey, "store", c.Store)
	slog.New(slog.NewTextHandler(&out, nil)).Info("config", "config", c, "key", c.MasterKey, "store", c.Store)
	if err := json.NewEncoder(&out).Encode(c.Effective()); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, password) || strings.Contains(text, key) || strings.Contains(text, bridge) {
		t.Errorf("a secret was printed:\n%s", text)
	}
}

func TestNoErrorShowsASecret(t *testing.T) {
	_, err := config.FromEnv([]string{
		"GATEHOUSE_STORE=postgres://u:hunter2@h/db", "GATEHOUSE_MAIL=u:hunter2@h", "GATEHOUSE_MASTER_KEY=hunter2",
		"GATEHOUSE_BRIDGE_SECRETS=hunter2,hunter2", "GATEHOUSE_MASTERKEY=hunter2", "GATEHOUSE_PUBLIC_URL=https://u:hunter2@h.example",
		"GATEHOUSE_APP_URL=https://u:hunter2@h.example/",
	})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	if got := len(strings.Split(fmt.Sprint(err), "\n")); got != 7 {
		t.Errorf("got %d problems, want 7: %v", got, err)
	}
}
