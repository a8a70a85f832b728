package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/net/http/httpguts"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/export"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/remotewrite"
)

// envBearerToken is the variable of a token for the receiver of remote write.
const envBearerToken = "MESHERY_REMOTE_WRITE_TOKEN"

// remoteWriteFlags say where time series go, and what lets them in. Credentials are
// in files and the environment: every user of a machine can read a command line.
type remoteWriteFlags struct {
	url        string
	tokenFile  string
	headerFile string

	// header goes with every request.
	header http.Header

	// left is what was sent, once anything may have been.
	left string
}

// AddFlags adds the flags.
func (f *remoteWriteFlags) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&f.url, "url", "", "Receiver for remote-write, such as http://prometheus:9090/api/v1/write")
	fs.StringVar(&f.tokenFile, "bearer-token-file", "", "File with the token for the receiver (default: "+envBearerToken+")")
	fs.StringVar(&f.headerFile, "header-file", "", "File with headers for the receiver, a line each: NAME: VALUE")
}

// complete reads the files, and finds what cannot be right; used is whether they are
// wanted.
func (f *remoteWriteFlags) complete(used bool) error {
	switch {
	case !used && (f.url != "" || f.tokenFile != "" || f.headerFile != ""):
		return exit.Usagef("--url, --bearer-token-file and --header-file are for --format %s", formatRemoteWrite)
	case !used:
		return nil
	case f.url == "":
		return exit.Usagef("--url is missing: give that of the receiver, such as http://prometheus:9090/api/v1/write")
	}
	if err := (remotewrite.Options{URL: f.url}).Validate(); err != nil {
		return exit.Usagef("--url: %w", err)
	}
	header, err := f.readHeader()
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	f.header = header
	return nil
}

// readHeader is what goes with every request.
func (f *remoteWriteFlags) readHeader() (http.Header, error) {
	header := http.Header{}
	if f.headerFile != "" {
		if err := readHeaders(f.headerFile, header); err != nil {
			return nil, fmt.Errorf("--header-file: %w", err)
		}
	}
	token := ""
	switch {
	case f.tokenFile != "":
		raw, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("--bearer-token-file: %w", err)
		}
		if token = strings.TrimSpace(string(raw)); token == "" {
			return nil, fmt.Errorf("--bearer-token-file: %s holds no token", f.tokenFile)
		}
	case header.Get("Authorization") == "":
		token = strings.TrimSpace(os.Getenv(envBearerToken))
	}
	if token == "" {
		return header, nil
	}
	if header.Get("Authorization") != "" {
		return nil, errors.New("--bearer-token-file and a header Authorization in --header-file exclude each other: keep one of them")
	}
	if !httpguts.ValidHeaderFieldValue(token) {
		return nil, errors.New("the token is none: it has line breaks or control characters")
	}
	header.Set("Authorization", "Bearer "+token)
	return header, nil
}

// readHeaders reads lines of NAME: VALUE. Values may be credentials, so no message
// quotes a line.
func readHeaders(name string, to http.Header) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, found := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !found || !httpguts.ValidHeaderFieldName(key) || !httpguts.ValidHeaderFieldValue(value) {
			return fmt.Errorf("%s, line %d is no header: write NAME: VALUE", name, n)
		}
		to.Add(key, value)
	}
	return lines.Err()
}

// send sends the seconds and figures of runs.
func (f *remoteWriteFlags) send(ctx context.Context, to *factory, runs []*document.Result) error {
	series, err := export.Series(runs)
	if err != nil {
		return err
	}
	total := 0
	for _, s := range series {
		total += len(s.Values)
	}
	o := remotewrite.Options{URL: f.url, Header: f.header, Retried: func(err error) {
		fmt.Fprintln(to.ErrOut, printer.Escape("Trying again: "+err.Error()))
	}}
	if o.Exposed() {
		fmt.Fprintln(to.ErrOut, "Warning: the headers and the query of --url may hold credentials, and go over the network unencrypted, as it begins with http: use https, or 'kubectl port-forward' and http://localhost")
	}
	sent, err := remotewrite.Send(ctx, o, series)
	// A request that was broken off may have been taken, too.
	f.left = fmt.Sprintf("at least %d of %d samples were sent", sent, total)
	if err != nil {
		return fmt.Errorf("%d of %d samples were sent: %w", sent, total, err)
	}
	_, err = fmt.Fprintf(to.Out, "%s samples of %s series sent\n", printer.Count(int64(sent)), printer.Count(int64(len(series))))
	return err
}
