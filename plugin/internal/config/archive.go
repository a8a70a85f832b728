package config

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
)

// Source names where the archive's URL was found, for messages.
type Source string

// The sources of an archive's URL.
const (
	FromFlag    Source = "--archive"
	FromEnv     Source = "MESHERY_ARCHIVE"
	FromContext Source = "the configuration's context"
	FromFile    Source = "the configuration"
	FromDefault Source = "the default"
)

// ResolveArchive says which archive is meant. For every setting the first of
// these that says something decides: flags, what the winning URL says after
// its '?', environment, the context's part of the file, the file, the default
// (a folder under the XDG data folder).
func ResolveArchive(flags Archive, env Env, file *File, context string) (archive.Options, Source, error) {
	fromEnv, err := archiveFromEnv(env)
	if err != nil {
		return archive.Options{}, "", err
	}
	layers := []struct {
		source Source
		values Archive
	}{
		{FromFlag, flags}, {FromEnv, fromEnv},
		{FromContext, file.Contexts[context].Archive}, {FromFile, file.Archive},
	}
	var o archive.Options
	source := FromDefault
	for _, l := range layers {
		if l.values.URL == "" {
			continue
		}
		if o, err = archive.ParseURL(l.values.URL); err != nil {
			return archive.Options{}, "", fmt.Errorf("%s: %w", l.source, err)
		}
		source = l.source
		break
	}
	if source == FromDefault {
		data, err := env.DataDir()
		if err != nil {
			return archive.Options{}, "", err
		}
		return archive.Options{Dir: filepath.Join(data, "archive")}, source, nil
	}
	if o.Dir != "" {
		return o, source, nil
	}
	own := Archive{Endpoint: o.Endpoint, Region: o.Region, PathStyle: o.PathStyle, CAFile: o.CAFile, Profile: o.Profile}
	merged := flags
	for _, next := range []Archive{own, layers[1].values, layers[2].values, layers[3].values} {
		merged.fill(next)
	}
	o.Endpoint, o.Region, o.PathStyle = merged.Endpoint, merged.Region, merged.PathStyle
	o.CAFile, o.Profile = merged.CAFile, merged.Profile
	o.NoInstanceMetadata = env.Get("AWS_EC2_METADATA_DISABLED") == "true"
	return o, source, nil
}

// fill takes from next what a does not say.
func (a *Archive) fill(next Archive) {
	first := func(mine *string, other string) {
		if *mine == "" {
			*mine = other
		}
	}
	first(&a.Endpoint, next.Endpoint)
	first(&a.Region, next.Region)
	first(&a.CAFile, next.CAFile)
	first(&a.Profile, next.Profile)
	if a.PathStyle == nil {
		a.PathStyle = next.PathStyle
	}
}

// archiveFromEnv reads our own variables and those that AWS tools share.
// AWS_PROFILE is not among them: it counts only where no keys are in the
// environment, and the credentials chain knows that.
func archiveFromEnv(env Env) (Archive, error) {
	first := func(names ...string) string {
		for _, n := range names {
			if v := env.Get(n); v != "" {
				return v
			}
		}
		return ""
	}
	a := Archive{
		URL:      env.Get("MESHERY_ARCHIVE"),
		Endpoint: first("MESHERY_ARCHIVE_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
		Region:   first("MESHERY_ARCHIVE_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"),
		CAFile:   first("MESHERY_ARCHIVE_CA_FILE", "AWS_CA_BUNDLE"),
		Profile:  env.Get("MESHERY_ARCHIVE_PROFILE"),
	}
	if v := env.Get("MESHERY_ARCHIVE_PATH_STYLE"); v != "" {
		b, err := strconv.ParseBool(v)
		if err != nil {
			return Archive{}, fmt.Errorf("MESHERY_ARCHIVE_PATH_STYLE is %q: set it to true or false", v)
		}
		a.PathStyle = &b
	}
	return a, nil
}
