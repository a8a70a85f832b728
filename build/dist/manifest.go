package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"text/template"
)

// fillManifest fills the template in: {{ .TagName }} is the version, and
// {{ addURIAndSha URL .TagName }} becomes the two fields, with the sum of the
// file that was just packed. krew-release-bot has the same two, so the template
// serves it as well; the bot downloads the file to get the sum.
func fillManifest(templateFile, version string, sums map[string]string) ([]byte, error) {
	text, err := os.ReadFile(templateFile)
	if err != nil {
		return nil, err
	}
	values := struct{ TagName string }{version}
	expand := func(name, text string, functions template.FuncMap) (string, error) {
		t, err := template.New(name).Option("missingkey=error").Funcs(functions).Parse(text)
		if err != nil {
			return "", err
		}
		var out bytes.Buffer
		err = t.Execute(&out, values)
		return out.String(), err
	}
	filled, err := expand(templateFile, string(text), template.FuncMap{
		"addURIAndSha": func(url, _ string) (string, error) {
			uri, err := expand("uri", url, nil)
			if err != nil {
				return "", err
			}
			sum, ok := sums[path.Base(uri)]
			if !ok {
				return "", fmt.Errorf("no archive %q was packed; template and platforms differ", path.Base(uri))
			}
			return fmt.Sprintf("uri: %s\n    sha256: %s", uri, sum), nil
		},
	})
	return []byte(filled), err
}
