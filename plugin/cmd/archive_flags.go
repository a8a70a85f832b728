package cmd

import (
	"context"
	"os"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/config"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// archiveFlags name the archive: every command that reads or writes Results
// has them.
type archiveFlags struct {
	values config.Archive
}

// AddFlags adds --archive and its companions.
func (f *archiveFlags) AddFlags(fs *pflag.FlagSet) {
	v := &f.values
	fs.StringVar(&v.URL, "archive", v.URL, "Where Results are kept: s3://BUCKET/PREFIX or file:///DIRECTORY (default: MESHERY_ARCHIVE, the configuration, or a directory under the XDG data directory)")
	fs.StringVar(&v.Endpoint, "archive-endpoint", v.Endpoint, "URL of the S3 server (default: AWS_ENDPOINT_URL_S3, the configuration, or Amazon S3)")
	fs.StringVar(&v.Region, "archive-region", v.Region, "Region of the S3 bucket (default: AWS_REGION, the configuration, or what the server says)")
	fs.Var(choice{&v.PathStyle}, "archive-path-style", "Put the bucket into the path, not the host name (default: for every server but Amazon's)")
	fs.Lookup("archive-path-style").NoOptDefVal = "true"
	fs.StringVar(&v.CAFile, "archive-ca-file", v.CAFile, "PEM file with the CA certificate of the S3 server")
}

// choice is a flag that is true, false, or not given.
type choice struct{ of **bool }

func (c choice) Set(s string) error {
	b, err := strconv.ParseBool(s)
	if err == nil {
		*c.of = &b
	}
	return err
}

// String implements pflag.Value. It is asked of the zero value, too.
func (c choice) String() string {
	if c.of == nil || *c.of == nil {
		return ""
	}
	return strconv.FormatBool(**c.of)
}

func (c choice) Type() string { return "bool" }

// Options says which archive is meant, and who said so. contextName is the
// kubeconfig context, or "".
func (f *archiveFlags) Options(contextName string) (archive.Options, config.Source, error) {
	env := userEnv()
	name, err := env.ConfigFile()
	if err != nil {
		return archive.Options{}, "", err
	}
	file, err := config.Load(name)
	if err != nil {
		return archive.Options{}, "", exit.With(exit.Usage, err)
	}
	o, source, err := config.ResolveArchive(f.values, env, file, contextName)
	if err != nil {
		return archive.Options{}, "", exit.With(exit.Usage, err)
	}
	o.Writer = "kubectl-meshery " + buildinfo.Get().Version
	return o, source, nil
}

// Open opens the archive; nothing is sent yet (see Archive.Check).
func (f *archiveFlags) Open(ctx context.Context, contextName string) (*archive.Archive, error) {
	o, _, err := f.Options(contextName)
	if err != nil {
		return nil, err
	}
	return archive.Open(ctx, o)
}

// outbox is where Results wait that could not be archived.
func outbox() (archive.Outbox, error) {
	dir, err := userEnv().OutboxDir()
	return archive.Outbox{Dir: dir}, err
}

func userEnv() config.Env {
	home, _ := os.UserHomeDir() // when unknown, the XDG variables must be set, and config says so
	return config.Env{Get: os.Getenv, Home: home}
}

// contextName is the kubeconfig context in use, or "" where there is none: the
// archive can be read without a cluster.
func (f *factory) contextName() string {
	if f.config.Context != nil && *f.config.Context != "" {
		return *f.config.Context
	}
	raw, err := f.config.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return ""
	}
	return raw.CurrentContext
}
