package archive

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Options say where an archive is and how to reach it. All but the first two
// are for S3 only.
type Options struct {
	// Bucket and Prefix of an S3 archive; Prefix has no slash at its ends.
	Bucket, Prefix string
	// Dir of a local archive; set instead of Bucket.
	Dir string

	// Endpoint is http://HOST:PORT or https://HOST; empty means Amazon S3.
	Endpoint string
	Region   string
	// PathStyle puts the bucket into the path, not the host name. Nil means:
	// for every endpoint but Amazon's.
	PathStyle *bool
	// CAFile is a PEM file with certificates trusted beside the system's.
	CAFile string
	// Profile of the AWS shared credentials file; it is used alone when given.
	Profile string
	// Anonymous sends unsigned requests.
	Anonymous bool
	// NoInstanceMetadata leaves the metadata service of cloud machines alone.
	NoInstanceMetadata bool

	// Writer is the program and version noted in manifests.
	Writer string
}

// ParseURL reads s3://BUCKET[/PREFIX][?endpoint=…&region=…&pathStyle=…&caFile=…
// &profile=…&anonymous=…] or file:///DIRECTORY. Errors never quote more of the
// URL than its scheme and names, for it might hold a password.
func ParseURL(raw string) (Options, error) {
	scheme, _, found := strings.Cut(raw, "://")
	if !found || (scheme != "s3" && scheme != "file") {
		return Options{}, errors.New("the archive's URL is neither s3://BUCKET/PREFIX nor file:///DIRECTORY: correct it")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return Options{}, errors.New("the archive's URL cannot be read: write s3://BUCKET/PREFIX or file:///DIRECTORY")
	}
	if u.User != nil {
		return Options{}, errors.New("the archive's URL must not hold credentials: put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile")
	}
	if u.Fragment != "" {
		return Options{}, errors.New("the archive's URL has a '#' in it: write it as %23")
	}
	if scheme == "file" {
		return parseFileURL(u)
	}
	return parseS3URL(u)
}

func parseFileURL(u *url.URL) (Options, error) {
	if u.Host != "" || u.Path == "" || u.RawQuery != "" {
		return Options{}, errors.New("the archive's URL is not file:///DIRECTORY: use three slashes and the full path of a directory")
	}
	p := u.Path
	if runtime.GOOS == "windows" {
		p = strings.TrimPrefix(p, "/") // file:///C:/dir
	}
	return Options{Dir: filepath.Clean(filepath.FromSlash(p))}, nil
}

func parseS3URL(u *url.URL) (Options, error) {
	o := Options{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	if o.Bucket == "" {
		return Options{}, errors.New("the archive's URL names no bucket: write s3://BUCKET/PREFIX")
	}
	for _, part := range strings.Split(o.Prefix, "/") {
		if part == "." || part == ".." || (part == "" && o.Prefix != "") {
			return Options{}, fmt.Errorf("the archive's prefix %q has an empty, '.' or '..' part: leave it out", o.Prefix)
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Options{}, errors.New("the part after '?' in the archive's URL cannot be read: write name=value&name=value")
	}
	for name, values := range query {
		if err := o.set(name, values[len(values)-1]); err != nil {
			return Options{}, err
		}
	}
	return o, nil
}

func (o *Options) set(name, value string) error {
	boolean := func() (bool, error) {
		b, err := strconv.ParseBool(value)
		if err != nil {
			return false, fmt.Errorf("%s in the archive's URL is neither true nor false", name)
		}
		return b, nil
	}
	switch name {
	case "endpoint":
		o.Endpoint = value
	case "region":
		o.Region = value
	case "caFile":
		o.CAFile = value
	case "profile":
		o.Profile = value
	case "pathStyle":
		b, err := boolean()
		o.PathStyle = &b
		return err
	case "anonymous":
		b, err := boolean()
		o.Anonymous = b
		return err
	default:
		return fmt.Errorf("the archive's URL has an unknown parameter %q: known are endpoint, region, pathStyle, caFile, profile and anonymous", name)
	}
	return nil
}

// String is where the archive is, for people: no parameters, no credentials.
func (o Options) String() string {
	if o.Bucket == "" {
		return fileURL(o.Dir)
	}
	u := url.URL{Scheme: "s3", Host: o.Bucket}
	if o.Prefix != "" {
		u.Path = "/" + o.Prefix
	}
	return u.String()
}

// URL is all ParseURL needs to find the archive again; it holds no credentials.
func (o Options) URL() string {
	if o.Bucket == "" {
		return fileURL(o.Dir)
	}
	q := url.Values{}
	add := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	add("endpoint", o.Endpoint)
	add("region", o.Region)
	add("caFile", o.CAFile)
	add("profile", o.Profile)
	if o.PathStyle != nil {
		add("pathStyle", strconv.FormatBool(*o.PathStyle))
	}
	if o.Anonymous {
		add("anonymous", "true")
	}
	if len(q) == 0 {
		return o.String()
	}
	return o.String() + "?" + q.Encode()
}

func fileURL(dir string) string {
	p := filepath.ToSlash(dir)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return (&url.URL{Scheme: "file", Path: p}).String()
}

// endpoint is the host and whether to use TLS. A bare host means TLS.
func (o Options) endpoint() (host string, secure bool, err error) {
	if o.Endpoint == "" {
		return "s3.amazonaws.com", true, nil
	}
	raw := o.Endpoint
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" ||
		!slices.Contains([]string{"http", "https"}, u.Scheme) {
		return "", false, errors.New("the archive's endpoint is not a URL such as https://s3.example.com or http://127.0.0.1:9000")
	}
	return u.Host, u.Scheme == "https", nil
}
