package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/config"
)

func TestBucket(t *testing.T) {
	plain := config.Bucket{Endpoint: "s3.example.com", TLS: true, Name: "pictures", AccessKey: "AK", SecretKey: "SK"}
	with := func(change func(b *config.Bucket)) config.Bucket {
		b := plain
		change(&b)
		return b
	}
	for dsn, want := range map[string]config.Bucket{
		"s3://AK:SK@s3.example.com/pictures":            plain,
		"s3://AK:SK@s3.example.com/pictures/":           plain,
		"s3://AK:SK@s3.example.com/pictures?tls=on":     plain,
		"s3://AK:SK@127.0.0.1:9000/pictures?tls=off":    with(func(b *config.Bucket) { b.Endpoint, b.TLS = "127.0.0.1:9000", false }),
		"s3://AK:SK@[::1]:9000/pictures":                with(func(b *config.Bucket) { b.Endpoint = "[::1]:9000" }),
		"s3://A%2FK:S%2F%2B%40K@s3.example.com/a.b-c":   with(func(b *config.Bucket) { b.AccessKey, b.SecretKey, b.Name = "A/K", "S/+@K", "a.b-c" }),
		"s3://AK:SK@s3.example.com/pictures?region=x-1": with(func(b *config.Bucket) { b.Region = "x-1" }),
		"s3://AK:SK@s3.example.com/pictures?prefix=a/b/&region=r&tls=off": with(func(b *config.Bucket) {
			b.Prefix, b.Region, b.TLS = "a/b/", "r", false
		}),
	} {
		c, err := config.FromEnv([]string{"GATEHOUSE_BLOBS=" + dsn})
		if err != nil {
			t.Errorf("%s: %v", dsn, err)
			continue
		}
		got, ok := c.Bucket()
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%s (-want +got):\n%s", dsn, diff)
		}
		if shown := c.Blobs.String(); strings.Contains(shown, "SK@") || strings.Contains(shown, "%40K") {
			t.Errorf("%s shows as %s", dsn, shown)
		}
	}
	if _, ok := config.Default().Bucket(); ok {
		t.Error("there is a bucket where none was set")
	}
}

func TestABucketThatCannotBeIsRefused(t *testing.T) {
	for _, dsn := range []string{
		"s3.example.com/pictures", "http://AK:SK@h/pictures", "s3://h/pictures", "s3://AK@h/pictures", "s3://:SK@h/pictures", "s3://AK:@h/pictures",
		"s3://AK:SK@h", "s3://AK:SK@h/", "s3://AK:SK@h/a", "s3://AK:SK@h/a/b", "s3://AK:SK@h/Pictures", "s3://AK:SK@h/pict_ures",
		"s3://AK:SK@/pictures", "s3://AK:SK@h:0/pictures", "s3://AK:SK@h:99999/pictures", "s3://AK:SK@h:/pictures", "s3://AK:SK@H/pictures", "s3://AK:S/K@h/pictures",
		"s3://AK:SK@h/pictures?tls=no", "s3://AK:SK@h/pictures?tsl=off", "s3://AK:SK@h/pictures?tls=on&tls=off", "s3://AK:SK@h/pictures?prefix=/x",
		"s3://AK:SK@h/pictures?region=", "s3://AK:SK@h/pictures?prefix=%0d%0a", "s3://AK:SK@h/pictures#x", "s3://AK:SK@h/pictures?prefix=" + strings.Repeat("x", 201),
	} {
		_, err := config.FromEnv([]string{"GATEHOUSE_BLOBS=" + dsn})
		if err == nil || !strings.Contains(err.Error(), "GATEHOUSE_BLOBS") || strings.Contains(err.Error(), ":SK") {
			t.Errorf("%s gives %v", dsn, err)
		}
	}
}
