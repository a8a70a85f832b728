package archive

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
)

// conditions are what is known of how the server takes conditional writes.
type conditions struct {
	mu sync.Mutex
	// known: it was asked. ignored: it writes whatever the condition says.
	known, ignored bool
}

// putIfAbsent sends the object whole with If-None-Match: *, so that the server
// decides who is first. The checksum minio-go adds makes it verify the content.
func (s *s3Store) putIfAbsent(ctx context.Context, key string, data []byte, mediaType string) error {
	ignored, err := s.ignoresConditions(ctx)
	if err != nil {
		return err
	}
	if ignored {
		if err := s.mustBeAbsent(ctx, key); err != nil {
			return err
		}
	}
	opts := minio.PutObjectOptions{ContentType: mediaType, DisableMultipart: true}
	opts.SetMatchETagExcept("*")
	for range maxTries {
		_, err = s.client.PutObject(ctx, s.bucket, s.prefix+key, bytes.NewReader(data), int64(len(data)), opts)
		switch code, status := s3Code(err); {
		case code == minio.PreconditionFailed || status == http.StatusPreconditionFailed:
			return errExists
		case code == minio.NotImplemented || status == http.StatusNotImplemented:
			return s.putWithoutCondition(ctx, key, data, mediaType)
		case code != "ConditionalRequestConflict":
			return s.explain.error(err, "s3:PutObject")
		}
		// Two writers at the same moment, and neither has won: ask again.
		select {
		case <-ctx.Done():
			return s.explain.error(ctx.Err(), "s3:PutObject")
		case <-time.After(100 * time.Millisecond):
		}
	}
	return s.explain.error(err, "s3:PutObject")
}

// putWithoutCondition is for servers that refuse conditional writes: what is
// there is not overwritten, unless two writers race for one run id, and ids
// are random.
func (s *s3Store) putWithoutCondition(ctx context.Context, key string, data []byte, mediaType string) error {
	if err := s.mustBeAbsent(ctx, key); err != nil {
		return err
	}
	_, err := s.client.PutObject(ctx, s.bucket, s.prefix+key, bytes.NewReader(data), int64(len(data)),
		minio.PutObjectOptions{ContentType: mediaType, DisableMultipart: true})
	return s.explain.error(err, "s3:PutObject")
}

// mustBeAbsent is errExists when the object is there.
func (s *s3Store) mustBeAbsent(ctx context.Context, key string) error {
	_, err := s.client.StatObject(ctx, s.bucket, s.prefix+key, minio.StatObjectOptions{})
	if err == nil {
		return errExists
	}
	if absent(err) {
		return nil
	}
	return s.explain.error(err, "s3:GetObject")
}

// check lists, and asks to write.
func (s *s3Store) check(ctx context.Context) error {
	if _, err := s.folders(ctx, tableFolder); err != nil {
		return err
	}
	s.conditions.mu.Lock()
	defer s.conditions.mu.Unlock()
	return s.probe(ctx)
}

// ignoresConditions says whether the server overwrites what is there although it is
// asked not to. It is asked before the first write.
func (s *s3Store) ignoresConditions(ctx context.Context) (bool, error) {
	s.conditions.mu.Lock()
	defer s.conditions.mu.Unlock()
	if !s.conditions.known {
		if err := s.probe(ctx); err != nil {
			return false, err
		}
	}
	return s.conditions.ignored, nil
}

// probe asks to overwrite an object that does not exist: a server that lets us write
// answers that it is not there, one that does not answers that we may not. Nothing is
// written either way, but by a server that ignores the condition.
func (s *s3Store) probe(ctx context.Context) error {
	opts := minio.PutObjectOptions{ContentType: "text/plain", DisableMultipart: true}
	opts.SetMatchETag("00000000000000000000000000000000")
	const data = "kubectl-meshery may write here\n"
	_, err := s.client.PutObject(ctx, s.bucket, s.prefix+probeKey, strings.NewReader(data), int64(len(data)), opts)
	code, status := s3Code(err)
	ignored := false
	switch {
	case code == minio.NoSuchBucket:
		return s.explain.error(err, "s3:PutObject")
	case err == nil:
		ignored = true
		// Who may not remove may archive nevertheless: then the one object stays.
		if err := s.remove(ctx, probeKey); err != nil && !errors.Is(err, errRefused) {
			return err
		}
	case absent(err), code == minio.PreconditionFailed, status == http.StatusPreconditionFailed:
	case status == http.StatusNotImplemented:
		// It would have refused a wrong key or a missing permission first.
	default:
		return s.explain.error(err, "s3:PutObject")
	}
	s.conditions.known, s.conditions.ignored = true, ignored
	return nil
}
