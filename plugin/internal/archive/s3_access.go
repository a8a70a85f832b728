package archive

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Times after which a server that does not answer is given up for one try.
const (
	dialTimeout        = 5 * time.Second
	credentialsTimeout = 10 * time.Second
)

// newTransport is minio-go's, with a shorter dial and the extra CA.
func newTransport(o Options, secure bool) (*http.Transport, error) {
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, err
	}
	transport.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	transport.MaxIdleConnsPerHost = parallel
	if o.CAFile == "" || !secure {
		return transport, nil
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w; correct --archive-ca-file", err)
	}
	pool := transport.TLSClientConfig.RootCAs
	if pool == nil {
		if pool, err = x509.SystemCertPool(); err != nil {
			pool = x509.NewCertPool()
		}
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %q holds no PEM certificate; correct --archive-ca-file", o.CAFile)
	}
	transport.TLSClientConfig.RootCAs = pool
	return transport, nil
}

// findCredentials asks, in this order: AWS and MinIO environment, AWS shared
// files, the MinIO client's configuration, and the identity a cloud gives to
// pods and machines. A profile that was asked for is the only source. Requests
// are never sent unsigned unless that was asked for.
func findCredentials(ctx context.Context, o Options) (*credentials.Credentials, error) {
	if o.Anonymous {
		return credentials.NewStatic("", "", "", credentials.SignatureAnonymous), nil
	}
	client := &http.Client{Timeout: credentialsTimeout}
	cc := &credentials.CredContext{Client: client, Context: ctx}
	if o.Profile != "" {
		c := credentials.NewFileAWSCredentials("", o.Profile)
		v, err := c.GetWithContext(cc)
		if err != nil || v.SignerType.IsAnonymous() || v.AccessKeyID == "" {
			// The cause may quote the file, and with it a key: it is left out.
			return nil, fmt.Errorf("profile %q of the AWS shared credentials file gives no credentials: correct the name, or log in to it", o.Profile)
		}
		return c, nil
	}
	providers := []credentials.Provider{
		&credentials.EnvAWS{}, &credentials.EnvMinio{},
		&credentials.FileAWSCredentials{}, &credentials.FileMinioClient{},
	}
	if !o.NoInstanceMetadata {
		providers = append(providers, &credentials.IAM{Client: client, Region: o.Region})
	}
	c := credentials.NewChainCredentials(providers)
	v, err := c.GetWithContext(cc)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err != nil || v.SignerType.IsAnonymous() {
		return nil, errors.New("no S3 credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or an AWS profile, " +
			"or add anonymous=true to the archive's URL for a public bucket")
	}
	return c, nil
}
