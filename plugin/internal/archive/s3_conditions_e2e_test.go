//go:build e2e

package archive

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// proxied is a way to an S3 server on which answer may answer in its place.
func proxied(t *testing.T, endpoint string, answer func(w http.ResponseWriter, r *http.Request) (answered bool)) string {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host }}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// withoutConditions is a way to an S3 server on which it knows no conditional writes
// and ignores the conditions, as old servers do. Conditions are signed, so such a write
// is sent anew, with the same keys.
func withoutConditions(t *testing.T, endpoint, access, secret string) string {
	t.Helper()
	client, err := minio.New(strings.TrimPrefix(endpoint, "http://"), &minio.Options{Creds: credentials.NewStaticV4(access, secret, "")})
	if err != nil {
		t.Fatal(err)
	}
	return proxied(t, endpoint, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || r.Header.Get("If-None-Match")+r.Header.Get("If-Match") == "" {
			return false
		}
		data, err := unchunked(r.Body)
		if err != nil {
			t.Errorf("the body of a write: %v", err)
		}
		name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		info, err := client.PutObject(r.Context(), name, key, bytes.NewReader(data), int64(len(data)),
			minio.PutObjectOptions{ContentType: r.Header.Get("Content-Type"), DisableMultipart: true})
		if err != nil {
			e := minio.ToErrorResponse(err)
			s3Error(w, e.StatusCode, e.Code)
			return true
		}
		w.Header().Set("ETag", `"`+info.ETag+`"`)
		return true
	})
}

func s3Error(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
}

// unchunked is the content of a body in chunks that are signed each
// (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html).
func unchunked(body io.Reader) ([]byte, error) {
	var data bytes.Buffer
	for r := bufio.NewReader(body); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		var size int64
		if _, err := fmt.Sscanf(line, "%x;", &size); err != nil || size == 0 {
			return data.Bytes(), err
		}
		if _, err := io.CopyN(&data, r, size); err != nil {
			return nil, err
		}
		if _, err := r.Discard(len("\r\n")); err != nil {
			return nil, err
		}
	}
}

// TestS3ThatIgnoresConditions: nothing is overwritten there either.
func TestS3ThatIgnoresConditions(t *testing.T) {
	keysInEnv(t, accessKey, secretKey)
	open := func() *Archive {
		o := s3Options(t)
		o.Endpoint = withoutConditions(t, server, accessKey, secretKey)
		a, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	id, raw := resultAt(t, march, nil)
	for _, checked := range []bool{true, false} {
		a := open()
		if checked {
			if err := a.Check(t.Context()); err != nil {
				t.Error(err)
			}
			if left, err := a.store.list(t.Context(), ""); err != nil || len(left) != 0 {
				t.Errorf("left: %v, %v", left, err)
			}
			mustPut(t, a, raw)
		}
		mustPut(t, a, raw)
		k, err := keysOf(id)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.store.putIfAbsent(t.Context(), k.result, []byte("other"), mediaJSON); !errors.Is(err, errExists) {
			t.Errorf("other bytes: %v", err)
		}
		if got, err := a.Get(t.Context(), id); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("get: %v", err)
		}
		l, err := a.lease(t.Context(), "2026-03")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := open().lease(t.Context(), "2026-03"); !errors.Is(err, errHeld) {
			t.Errorf("a second lease: %v", err)
		}
		l.release(context.WithoutCancel(t.Context()))
	}
}

// TestS3ThatIgnoresConditionsAndMayNotRemove can be archived to all the same.
func TestS3ThatIgnoresConditionsAndMayNotRemove(t *testing.T) {
	keysInEnv(t, accessKey, secretKey)
	o := s3Options(t)
	o.Endpoint = proxied(t, withoutConditions(t, server, accessKey, secretKey), func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete {
			return false
		}
		s3Error(w, http.StatusForbidden, minio.AccessDenied)
		return true
	})
	for range 3 {
		a, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if left, err := a.store.list(t.Context(), ""); err != nil || len(left) != 1 {
			t.Errorf("left: %v, %v", left, err)
		}
	}
}
