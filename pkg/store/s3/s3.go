package s3

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	// defaultTime bounds a call: a blob is at most 1 MiB.
	defaultTime = 8 * time.Second
	// lookTime bounds the look at what became of a write.
	lookTime = 2 * time.Second
	// defaultRegion is what servers take that know no regions.
	defaultRegion = "us-east-1"
	// record is the name of the metadata that holds what an object is. Servers write it in any case.
	record = "Gatehouse-Blob"
)

var (
	errNoBucket = errors.New("there is no such bucket, or the access key may not list it")
	errTooLarge = errors.New("the blob is larger than store.MaxBlob")
	errForeign  = errors.New("the object is none of ours")
)

// Options says where the bucket is.
type Options struct {
	Endpoint  string // host or host:port
	TLS       bool
	Region    string // empty means us-east-1
	Bucket    string
	Prefix    string // what every key begins with; a slash is not added
	AccessKey string
	SecretKey string
	Timeout   time.Duration // of a call; zero means 8 s
}

// Store keeps blobs in one bucket. It is safe for concurrent use, by any number of processes.
type Store struct {
	client         minio.Core
	bucket, prefix string
	timeout, look  time.Duration // for a call, and for looking what came of a write
}

var _ store.Blobs = (*Store)(nil)

// Open looks whether the bucket is there and may be used. The error says what is wrong, without
// the credential.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Region == "" {
		o.Region = defaultRegion // or the first call would ask for it
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTime
	}
	transport, err := minio.DefaultTransport(o.TLS)
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	transport.ResponseHeaderTimeout = o.Timeout
	client, err := minio.NewCore(o.Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), Secure: o.TLS, Region: o.Region, Transport: transport,
		MaxRetries: 1, // what became of a write is looked up instead
	})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	s := &Store{client: *client, bucket: o.Bucket, prefix: o.Prefix, timeout: o.Timeout, look: min(lookTime, o.Timeout)}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	there, err := s.client.BucketExists(ctx, s.bucket)
	if err != nil {
		return nil, unavailable("look for the bucket "+s.bucket, err)
	}
	if !there {
		return nil, fmt.Errorf("s3: %s: %w", s.bucket, errNoBucket)
	}
	return s, nil
}

// unavailable wraps a failure whose outcome is unknown, or that kept us from asking.
func unavailable(doing string, err error) error {
	return store.ErrUnavailable.With(fmt.Errorf("s3: %s: %w", doing, err))
}

// key returns the name of a blob's object: the id itself where it is as ours are.
func (s *Store) key(id string) string {
	const plain = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	if id != "" && strings.Trim(id, plain) == "" {
		return s.prefix + id
	}
	return s.prefix + "~" + hex.EncodeToString([]byte(id)) // servers disagree about what a path is
}

// meta is what an object's metadata say of a blob. Call marks the call that wrote it.
type meta struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	CreatedAt time.Time `json:"created_at"`
	Call      string    `json:"call"`
}

// text packs a meta into what a header can hold.
func (m meta) text() string {
	raw, _ := json.Marshal(m) // text and times of this age always encode
	return base64.RawURLEncoding.EncodeToString(raw)
}

func readMeta(o minio.ObjectInfo) (m meta, err error) {
	for name, value := range o.UserMetadata {
		if !strings.EqualFold(name, record) {
			continue
		}
		raw, err := base64.RawURLEncoding.DecodeString(value)
		if err == nil {
			err = json.Unmarshal(raw, &m)
		}
		return m, err
	}
	return m, errForeign
}
