package archive

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"
)

// explainer turns what minio-go reports into one line with what to do next.
type explainer struct {
	o        Options
	endpoint string
}

// error explains err; permission is the S3 action that was tried.
func (e explainer) error(err error, permission string) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var response minio.ErrorResponse
	if errors.As(err, &response) {
		return e.answer(response, permission)
	}
	return e.network(err)
}

// answer explains an error the server gave.
func (e explainer) answer(r minio.ErrorResponse, permission string) error {
	switch r.Code {
	case minio.NoSuchBucket:
		return fmt.Errorf("bucket %q does not exist at %s: create it, or correct the name (--archive)", e.o.Bucket, e.endpoint)
	case "InvalidBucketName":
		return fmt.Errorf("bucket name %q is not valid: correct it (--archive)", e.o.Bucket)
	case "InvalidAccessKeyId", "XAdminUserNotFound": // the latter is versitygw's
		return fmt.Errorf("%s does not know the access key: correct AWS_ACCESS_KEY_ID or the profile", e.endpoint)
	case "SignatureDoesNotMatch":
		return fmt.Errorf("%s refuses the signature, so the secret key is wrong: correct AWS_SECRET_ACCESS_KEY or the profile", e.endpoint)
	case "ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired":
		return fmt.Errorf("%s says the credentials have expired: log in again", e.endpoint)
	case "RequestTimeTooSkewed", "RequestExpired":
		return fmt.Errorf("the clocks of %s and of this machine differ too much: set the clock", e.endpoint)
	case minio.AccessDenied, "AllAccessDisabled", "AccountProblem":
		return marked{fmt.Errorf("access to bucket %q denied: the credentials lack %s; docs/archive.md shows the policy needed", e.o.Bucket, permission), errRefused}
	case "AuthorizationHeaderMalformed", "InvalidRegion", "PermanentRedirect", "IllegalLocationConstraintException":
		hint := "give the bucket's region (--archive-region)"
		if r.Region != "" {
			hint = fmt.Sprintf("the bucket is in %q (--archive-region)", r.Region)
		}
		return fmt.Errorf("the region %q is wrong: %s", e.o.Region, hint)
	case "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull", "InsufficientStorage":
		return marked{fmt.Errorf("%s has no room (%q): make room, or archive elsewhere (--archive)", e.endpoint, clean(r.Message)), errFull}
	case "EntityTooLarge":
		return fmt.Errorf("%s takes no object that is so large (%q): archive elsewhere (--archive)", e.endpoint, clean(r.Message))
	case "SlowDown", "ServiceUnavailable":
		return fmt.Errorf("%s is overloaded: try again later", e.endpoint)
	case "InvalidObjectState":
		return fmt.Errorf("the object has moved to cold storage: restore it first")
	}
	if r.StatusCode == http.StatusBadRequest && strings.Contains(r.Message, "HTTP request to an HTTPS server") {
		return fmt.Errorf("%s speaks TLS: write https:// in the endpoint (--archive-endpoint)", e.endpoint)
	}
	if r.StatusCode == http.StatusInsufficientStorage {
		return marked{fmt.Errorf("%s has no room: make room, or archive elsewhere (--archive)", e.endpoint), errFull}
	}
	return fmt.Errorf("%s answered %q to %s: %q", e.endpoint, clean(r.Code), permission, clean(r.Message))
}

// network explains why there was no answer.
func (e explainer) network(err error) error {
	var dns *net.DNSError
	var unknownCA x509.UnknownAuthorityError
	var wrongHost x509.HostnameError
	var invalid x509.CertificateInvalidError
	var dial *net.OpError
	switch {
	case errors.As(err, &unknownCA):
		return fmt.Errorf("the certificate of %s is signed by an unknown authority: give its CA certificate (--archive-ca-file)", e.endpoint)
	case errors.As(err, &wrongHost), errors.As(err, &invalid):
		return fmt.Errorf("the certificate of %s is not valid: %w", e.endpoint, errors.Unwrap(err))
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fmt.Errorf("%s does not speak TLS: write http:// in the endpoint (--archive-endpoint)", e.endpoint)
	case strings.Contains(err.Error(), "Connection closed by foreign host") && strings.HasPrefix(e.endpoint, "http:"):
		return fmt.Errorf("%s closes the connection: if it speaks TLS, write https:// in the endpoint (--archive-endpoint)", e.endpoint)
	case errors.As(err, &dns):
		return fmt.Errorf("the host of %s cannot be found: correct the endpoint (--archive-endpoint) or check the network: %s", e.endpoint, dns.Err)
	case errors.Is(err, context.DeadlineExceeded):
		// Not wrapped: it is this package's bound that passed, not the caller's.
		return fmt.Errorf("%s did not answer in time: check the endpoint (--archive-endpoint) and the network", e.endpoint)
	case errors.As(err, &dial):
		return fmt.Errorf("%s cannot be reached: %w; check the endpoint (--archive-endpoint) and the network", e.endpoint, dial)
	}
	return fmt.Errorf("%s: %w; check the endpoint (--archive-endpoint)", e.endpoint, err)
}

// clean puts a server's text on one line.
func clean(s string) string { return strings.Join(strings.Fields(s), " ") }
