package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func env(values map[string]string) Env {
	return Env{Get: func(name string) string { return values[name] }, Home: "/home/u"}
}

func TestResolveArchive(t *testing.T) {
	yes, no := true, false
	file := &File{
		Archive: Archive{URL: "s3://file/base", Endpoint: "https://file", Region: "file", PathStyle: &yes, CAFile: "/file.pem", Profile: "file"},
		Contexts: map[string]Context{
			"prod":  {Archive: Archive{URL: "s3://prod", Region: "prod"}},
			"local": {Archive: Archive{URL: "file:///prod"}},
		},
	}
	cases := []struct {
		name    string
		flags   Archive
		env     map[string]string
		file    *File
		context string
		want    string
		source  Source
	}{
		{"nothing said", Archive{}, nil, &File{}, "", "file:///home/u/.local/share/kubectl-meshery/archive", FromDefault},
		{"XDG", Archive{}, map[string]string{"XDG_DATA_HOME": "/data"}, &File{}, "", "file:///data/kubectl-meshery/archive", FromDefault},
		{"relative XDG is not valid", Archive{}, map[string]string{"XDG_DATA_HOME": "data"}, &File{}, "", "file:///home/u/.local/share/kubectl-meshery/archive", FromDefault},
		{"file", Archive{}, nil, file, "dev", "s3://file/base?caFile=%2Ffile.pem&endpoint=https%3A%2F%2Ffile&pathStyle=true&profile=file&region=file", FromFile},
		{"context", Archive{}, nil, file, "prod", "s3://prod?caFile=%2Ffile.pem&endpoint=https%3A%2F%2Ffile&pathStyle=true&profile=file&region=prod", FromContext},
		{"context with a directory", Archive{}, nil, file, "local", "file:///prod", FromContext},
		{
			"environment", Archive{},
			map[string]string{"MESHERY_ARCHIVE": "s3://env", "MESHERY_ARCHIVE_ENDPOINT": "https://env", "MESHERY_ARCHIVE_REGION": "env", "MESHERY_ARCHIVE_PATH_STYLE": "false", "MESHERY_ARCHIVE_CA_FILE": "/env.pem", "MESHERY_ARCHIVE_PROFILE": "env"},
			file, "prod", "s3://env?caFile=%2Fenv.pem&endpoint=https%3A%2F%2Fenv&pathStyle=false&profile=env&region=env", FromEnv,
		},
		{
			"AWS's environment", Archive{},
			map[string]string{"AWS_ENDPOINT_URL_S3": "https://s3", "AWS_ENDPOINT_URL": "https://all", "AWS_REGION": "aws", "AWS_CA_BUNDLE": "/aws.pem", "AWS_PROFILE": "aws"},
			&File{Archive: Archive{URL: "s3://file"}}, "", "s3://file?caFile=%2Faws.pem&endpoint=https%3A%2F%2Fs3&region=aws", FromFile,
		},
		{"AWS's general endpoint", Archive{URL: "s3://b"}, map[string]string{"AWS_ENDPOINT_URL": "https://all", "AWS_DEFAULT_REGION": "d"}, &File{}, "", "s3://b?endpoint=https%3A%2F%2Fall&region=d", FromFlag},
		{"the URL beats the environment", Archive{URL: "s3://b?region=own"}, map[string]string{"AWS_REGION": "aws"}, file, "", "s3://b?caFile=%2Ffile.pem&endpoint=https%3A%2F%2Ffile&pathStyle=true&profile=file&region=own", FromFlag},
		{"a flag beats the URL", Archive{URL: "s3://b?region=own", Region: "flag", PathStyle: &no}, nil, &File{}, "", "s3://b?pathStyle=false&region=flag", FromFlag},
		{"flags about S3 do not matter to a directory", Archive{URL: "file:///d", Region: "flag"}, nil, file, "", "file:///d", FromFlag},
	}
	for _, c := range cases {
		o, source, err := ResolveArchive(c.flags, env(c.env), c.file, c.context)
		if err != nil || o.URL() != c.want || source != c.source {
			t.Errorf("%s: %s from %s, %v; want %s from %s", c.name, o.URL(), source, err, c.want, c.source)
		}
	}
}

func TestResolveArchiveErrorsNameTheirSource(t *testing.T) {
	cases := []struct {
		flags Archive
		env   map[string]string
		file  *File
		want  string
	}{
		{Archive{URL: "perf"}, nil, &File{}, "--archive: "},
		{Archive{}, map[string]string{"MESHERY_ARCHIVE": "perf"}, &File{}, "MESHERY_ARCHIVE: "},
		{Archive{}, map[string]string{"MESHERY_ARCHIVE_PATH_STYLE": "perhaps"}, &File{}, "MESHERY_ARCHIVE_PATH_STYLE"},
		{Archive{}, nil, &File{Archive: Archive{URL: "perf"}}, "the configuration: "},
	}
	for _, c := range cases {
		if _, _, err := ResolveArchive(c.flags, env(c.env), c.file, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	if _, _, err := ResolveArchive(Archive{}, Env{Get: func(string) string { return "" }}, &File{}, ""); err == nil || !strings.Contains(err.Error(), "set HOME") {
		t.Errorf("no home: %v", err)
	}
}

func TestPaths(t *testing.T) {
	e := env(map[string]string{"XDG_STATE_HOME": "/state"})
	if p, err := e.ConfigFile(); err != nil || p != "/home/u/.config/kubectl-meshery/config.yaml" {
		t.Errorf("%q, %v", p, err)
	}
	if p, err := e.OutboxDir(); err != nil || p != "/state/kubectl-meshery/outbox" {
		t.Errorf("%q, %v", p, err)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		name := filepath.Join(dir, "config.yaml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	f, err := Load(filepath.Join(dir, "none.yaml"))
	if err != nil || f.Archive.URL != "" {
		t.Errorf("no file: %+v, %v", f, err)
	}
	if f, err = Load(write("")); err != nil || f == nil {
		t.Errorf("empty file: %v", err)
	}
	f, err = Load(write(`
archive:
  url: s3://perf/team
  pathStyle: true
  caFile: ca.pem
contexts:
  prod:
    archive: {url: "s3://prod", caFile: /etc/ca.pem}
`))
	if err != nil || f.Archive.URL != "s3://perf/team" || !*f.Archive.PathStyle || f.Archive.CAFile != filepath.Join(dir, "ca.pem") ||
		f.Contexts["prod"].Archive.CAFile != "/etc/ca.pem" {
		t.Errorf("%+v, %v", f, err)
	}
	cases := map[string]string{
		"archive: {ulr: x}":    `unknown field "ulr"`,
		"archives: {}":         `unknown field "archives"`,
		"archive: [":           "line 1",
		"archive: {url: [1]}":  "archive.url",
		"archive: {}\narchive": "config.yaml",
	}
	for text, want := range cases {
		_, err := Load(write(text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "docs/archive.md") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
