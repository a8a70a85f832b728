//go:build e2e

package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/meshery/kubectl-meshery/internal/testcert"
)

// These tests run against a real S3 server, versitygw, whose binary VERSITYGW
// names.

const (
	accessKey = "test-access"
	secretKey = "test-secret-hunter2"
	bucket    = "perf"
)

// server is the one most tests share.
var server string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "archive-s3-")
	if err != nil {
		panic(err)
	}
	endpoint, stop, err := startS3(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the S3 server: "+err.Error())
		os.Exit(1)
	}
	server = endpoint
	eachStore["s3"] = openS3Test
	code := m.Run()
	stop()
	os.RemoveAll(dir)
	os.Exit(code)
}

// startS3 starts versitygw on a free loopback port, with the bucket in it.
func startS3(dir string, args ...string) (endpoint string, stop func(), err error) {
	binary := os.Getenv("VERSITYGW")
	if binary == "" {
		return "", nil, errors.New("VERSITYGW does not name a versitygw binary")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address := l.Addr().String()
	l.Close()
	if err := os.MkdirAll(filepath.Join(dir, bucket), 0o755); err != nil {
		return "", nil, err
	}
	var output bytes.Buffer
	c := exec.Command(binary, append(args, "--port", address, "--access", accessKey, "--secret", secretKey, "--quiet", "posix", dir)...)
	c.Stdout, c.Stderr = &output, &output
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	stop = func() { _ = c.Process.Kill(); _ = c.Wait() }
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return "http://" + address, stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("no answer on %s:\n%s", address, output.String())
}

// keysInEnv sets the credentials in the environment and nothing else.
func keysInEnv(t *testing.T, access, secret string) {
	t.Helper()
	for _, name := range []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_ACCESS_KEY_ID", access)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
}

// s3Options is a prefix of its own for the test.
func s3Options(t *testing.T) Options {
	return Options{
		Bucket: bucket, Prefix: "a/" + strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()), Endpoint: server,
		Writer: "kubectl-meshery test", NoInstanceMetadata: true,
	}
}

func openS3Test(t *testing.T) *Archive {
	t.Helper()
	keysInEnv(t, accessKey, secretKey)
	a, err := Open(t.Context(), s3Options(t))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestS3CheckLeavesNothing(t *testing.T) {
	a := openS3Test(t)
	if err := a.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := a.store.list(t.Context(), ""); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestS3ObjectIsByteForByte(t *testing.T) {
	a := openS3Test(t)
	_, raw := resultAt(t, march, nil)
	url := mustPut(t, a, raw)
	// With a client of our own, as any other tool would.
	client, err := minio.New(strings.TrimPrefix(server, "http://"), &minio.Options{Creds: credentials.NewStaticV4(accessKey, secretKey, "")})
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimPrefix(url, "s3://"+bucket+"/") + "/result.json"
	file := filepath.Join(t.TempDir(), "result.json")
	if err := client.FGetObject(t.Context(), bucket, key, file, minio.GetObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(raw))
	}
	info, err := client.StatObject(t.Context(), bucket, key, minio.StatObjectOptions{})
	if err != nil || info.ContentType != "application/json" {
		t.Errorf("content type %q, %v", info.ContentType, err)
	}
}

func TestS3Errors(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	cases := []struct {
		name           string
		access, secret string
		change         func(*Options)
		want           []string
	}{
		{"wrong bucket", accessKey, secretKey, func(o *Options) { o.Bucket = "prefs" }, []string{`bucket "prefs" does not exist`, "create it"}},
		{"wrong access key", "nobody", secretKey, nil, []string{"does not know the access key", "AWS_ACCESS_KEY_ID"}},
		{"wrong secret key", accessKey, "hunter2-wrong", nil, []string{"the secret key is wrong", "AWS_SECRET_ACCESS_KEY"}},
		{"nobody listens", accessKey, secretKey, func(o *Options) { o.Endpoint = "http://" + closed.Addr().String() }, []string{"cannot be reached", "connection refused", "--archive-endpoint"}},
		{"unknown host", accessKey, secretKey, func(o *Options) { o.Endpoint = "http://s3.invalid" }, []string{"cannot be found", "--archive-endpoint"}},
		{"TLS where there is none", accessKey, secretKey, func(o *Options) { o.Endpoint = strings.Replace(server, "http:", "https:", 1) }, []string{"does not speak TLS", "http://"}},
		{"anonymous", accessKey, secretKey, func(o *Options) { o.Anonymous = true }, []string{"access to bucket", "denied"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			keysInEnv(t, c.access, c.secret)
			o := s3Options(t)
			if c.change != nil {
				c.change(&o)
			}
			a, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			_, raw := resultAt(t, march, nil)
			_, putErr := a.Put(t.Context(), raw)
			_, listErr := a.List(t.Context(), Filter{})
			for what, err := range map[string]error{"check": a.Check(t.Context()), "put": putErr, "list": listErr} {
				if err == nil {
					t.Errorf("%s: no error", what)
					continue
				}
				for _, want := range append(c.want, "archive s3://") {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%s: %v; want %q", what, err, want)
					}
				}
				if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%s: not one line, or a secret in it: %v", what, err)
				}
			}
		})
	}
}

func TestS3NoCredentials(t *testing.T) {
	keysInEnv(t, "", "")
	_, err := Open(t.Context(), s3Options(t))
	if err == nil || !strings.Contains(err.Error(), "no S3 credentials found") {
		t.Errorf("got %v", err)
	}
	o := s3Options(t)
	o.Profile = "nobody"
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), `profile "nobody"`) {
		t.Errorf("unknown profile: %v", err)
	}
}

func TestS3Profile(t *testing.T) {
	keysInEnv(t, "wrong", "wrong") // a profile that is asked for beats the environment
	file := filepath.Join(t.TempDir(), "credentials")
	text := fmt.Sprintf("[perf]\naws_access_key_id = %s\naws_secret_access_key = %s\n", accessKey, secretKey)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	o := s3Options(t)
	o.Profile = "perf"
	a, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// onOwnS3 is an archive on a server of the test's own, which keeps its files in dir.
func onOwnS3(t *testing.T, dir string, flags ...string) *Archive {
	t.Helper()
	endpoint, stop, err := startS3(dir, flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	keysInEnv(t, accessKey, secretKey)
	o := s3Options(t)
	o.Endpoint = endpoint
	a, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestS3NotAllowedToWrite(t *testing.T) {
	a := onOwnS3(t, t.TempDir(), "--readonly")
	if err := a.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "s3:PutObject") || !strings.Contains(err.Error(), "denied") {
		t.Errorf("check: %v", err)
	}
}

func TestS3GoesAwayAndComesBack(t *testing.T) {
	dir := t.TempDir()
	endpoint, stop, err := startS3(dir)
	if err != nil {
		t.Fatal(err)
	}
	keysInEnv(t, accessKey, secretKey)
	o := s3Options(t)
	o.Endpoint = endpoint
	a, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	box := Outbox{filepath.Join(t.TempDir(), "outbox")}
	id, raw := resultAt(t, march, nil)
	_, err = Keep(t.Context(), a, box, raw)
	var kept *NotArchived
	if !errors.As(err, &kept) || !strings.Contains(err.Error(), "cannot be reached") {
		t.Fatalf("keep: %v", err)
	}
	endpoint, stop, err = startS3(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	waiting, err := box.List()
	if err != nil || len(waiting) != 1 {
		t.Fatalf("waiting: %v, %v", waiting, err)
	}
	o, err = ParseURL(waiting[0].Destination)
	if err != nil {
		t.Fatal(err)
	}
	o.Endpoint = endpoint // the port is another one
	if a, err = Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := box.Deliver(t.Context(), waiting[0], a); err != nil {
		t.Fatal(err)
	}
	if got, err := a.Get(t.Context(), id); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("get: %v", err)
	}
}

func TestS3SilentServerIsGivenUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	keysInEnv(t, accessKey, secretKey)
	o := s3Options(t)
	o.Endpoint = "http://" + l.Addr().String()
	a, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := a.Check(ctx); err == nil || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("check: %v", err)
	}
}

func TestS3TLS(t *testing.T) {
	dir := t.TempDir()
	authority := testcert.New(t)
	ca, _ := testcert.Files(t, authority.PEM, authority.KeyPEM)
	certPEM, keyPEM := authority.Issue(t, "127.0.0.1")
	cert, key := testcert.Files(t, certPEM, keyPEM)
	endpoint, stop, err := startS3(filepath.Join(dir, "data"), "--cert", cert, "--key", key)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	keysInEnv(t, accessKey, secretKey)
	check := func(change func(*Options)) error {
		o := s3Options(t)
		o.Endpoint = strings.Replace(endpoint, "http:", "https:", 1)
		o.CAFile = ca
		change(&o)
		a, err := Open(t.Context(), o)
		if err != nil {
			return err
		}
		if err := a.Check(t.Context()); err != nil {
			return err
		}
		_, raw := resultAt(t, march, nil)
		_, err = a.Put(t.Context(), raw)
		return err
	}
	if err := check(func(*Options) {}); err != nil {
		t.Errorf("with its CA: %v", err)
	}
	cases := []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"without CA", func(o *Options) { o.CAFile = "" }, "unknown authority: give its CA certificate (--archive-ca-file)"},
		{"no CA file", func(o *Options) { o.CAFile += "x" }, "correct --archive-ca-file"},
		{"CA file without certificate", func(o *Options) { o.CAFile = key }, "holds no PEM certificate"},
		{"other name", func(o *Options) { o.Endpoint = strings.Replace(o.Endpoint, "127.0.0.1", "localhost", 1) }, "is not valid"},
		{"plain HTTP", func(o *Options) { o.Endpoint = strings.Replace(o.Endpoint, "https:", "http:", 1) }, "https://"},
	}
	for _, c := range cases {
		if err := check(c.change); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
	}
}
