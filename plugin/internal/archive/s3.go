package archive

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
)

// s3Store keeps objects in a bucket below a prefix.
type s3Store struct {
	client *minio.Client
	bucket string
	// prefix is empty or ends with a slash.
	prefix     string
	explain    explainer
	conditions conditions
}

// maxTries bounds how often a request is sent when the server is busy or the
// connection breaks; with minio-go's growing pauses that is a few seconds.
const maxTries = 4

func openS3(ctx context.Context, o Options) (*s3Store, error) {
	host, secure, err := o.endpoint()
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(o, secure)
	if err != nil {
		return nil, err
	}
	creds, err := findCredentials(ctx, o)
	if err != nil {
		return nil, err
	}
	lookup := minio.BucketLookupAuto
	if o.PathStyle != nil {
		lookup = minio.BucketLookupDNS
		if *o.PathStyle {
			lookup = minio.BucketLookupPath
		}
	}
	client, err := minio.New(host, &minio.Options{
		Creds: creds, Secure: secure, Transport: transport,
		Region: o.Region, BucketLookup: lookup, MaxRetries: maxTries,
	})
	if err != nil {
		return nil, errors.New("the endpoint cannot be used: correct it (--archive-endpoint)")
	}
	s := &s3Store{client: client, bucket: o.Bucket, explain: explainer{o: o, endpoint: client.EndpointURL().String()}}
	if o.Prefix != "" {
		s.prefix = o.Prefix + "/"
	}
	return s, nil
}

func (s *s3Store) get(ctx context.Context, key string) ([]byte, error) {
	object, err := s.client.GetObject(ctx, s.bucket, s.prefix+key, minio.GetObjectOptions{})
	if err != nil {
		return nil, s.explain.error(err, "s3:GetObject")
	}
	defer object.Close()
	data, err := io.ReadAll(object)
	if absent(err) {
		return nil, errAbsent
	}
	return data, s.explain.error(err, "s3:GetObject")
}

func (s *s3Store) list(ctx context.Context, prefix string) ([]string, error) {
	return s.listed(ctx, minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true})
}

func (s *s3Store) folders(ctx context.Context, prefix string) ([]string, error) {
	listed, err := s.listed(ctx, minio.ListObjectsOptions{Prefix: s.prefix + prefix})
	var found []string
	for _, key := range listed {
		if strings.HasSuffix(key, "/") {
			found = append(found, path.Base(key))
		}
	}
	return found, err
}

func (s *s3Store) listed(ctx context.Context, opts minio.ListObjectsOptions) ([]string, error) {
	owner := false // not used, and some servers ask for a permission of its own
	opts.FetchOwner = &owner
	var found []string
	for object := range s.client.ListObjectsIter(ctx, s.bucket, opts) {
		if object.Err != nil {
			return nil, s.explain.error(object.Err, "s3:ListBucket")
		}
		found = append(found, strings.TrimPrefix(object.Key, s.prefix))
	}
	return found, s.explain.error(ctx.Err(), "s3:ListBucket")
}

func (s *s3Store) remove(ctx context.Context, key string) error {
	err := s.client.RemoveObject(ctx, s.bucket, s.prefix+key, minio.RemoveObjectOptions{})
	if absent(err) {
		return nil
	}
	return s.explain.error(err, "s3:DeleteObject")
}

// s3Code is the code and the HTTP status of a server's answer, if err is one.
func s3Code(err error) (code string, status int) {
	var r minio.ErrorResponse
	if errors.As(err, &r) {
		return r.Code, r.StatusCode
	}
	return "", 0
}

func absent(err error) bool {
	code, _ := s3Code(err)
	return code == minio.NoSuchKey || code == "NotFound"
}
