// Package imports reads the files of other tools as Results: the JSON that Fortio
// saves of its runs, and results of Service Mesh Performance (SMP). It reads no
// file itself, keeps nothing and prints nothing. What a file does not tell is
// absent from the Result, and its warnings say so.
package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/smp"
)

// Format is what a file is.
type Format string

// The formats. Any: the file itself tells.
const (
	Any    Format = ""
	Fortio Format = "fortio"
	SMP    Format = "smp"
)

// MaxBytes is the size of the largest file that is read. Fortio's are a few
// kilobytes a run.
const MaxBytes = 64 << 20

// maxSMPBytes bounds what is read as YAML, which takes many times its size of
// memory.
const maxSMPBytes = 1 << 20

// Labels that an imported Run gets beside its own.
const (
	// LabelFrom is the Format of the file.
	LabelFrom = "imported-from"
	// LabelRun is the id of the Run that the file was exported from, or of the one that
	// this itself was imported from.
	LabelRun = document.LabelImportedRun
)

// Options go before what the file says.
type Options struct {
	Format Format
	// Name of the Runs, as that of a Test; "" leaves it to the file.
	Name string
	// Labels are added, as those of a Test.
	Labels map[string]string
}

// Validate finds what no Run can be named.
func (o Options) Validate() error {
	t := document.Test{Metadata: document.Metadata{Name: o.Name, Labels: o.Labels}, Spec: document.Spec{Target: document.Target{URL: "http://localhost/"}, Load: document.Load{Rate: document.RateUnset}}}
	t.Default()
	return t.Validate()
}

// Read makes Results of a file: one, or of a JSON list of Fortio's runs several.
// The id of each is made of its start and its content, so that the same run is the
// same wherever and however often it is read. With a list, Results are returned
// beside an error that tells which of its entries are none.
func Read(data []byte, o Options) ([]*document.Result, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("it is larger than %d MiB: Fortio's files and SMP's are far smaller", MaxBytes>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // as editors on Windows begin a file
	format, err := detect(data, o.Format)
	if err != nil {
		return nil, err
	}
	var found []*document.Result
	if format == SMP {
		r, err := readSMP(data)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	} else {
		found, err = readFortio(data)
	}
	for _, r := range found {
		if r.Metadata.Labels == nil {
			r.Metadata.Labels = map[string]string{}
		}
		r.Metadata.Labels[LabelFrom] = string(format)
		maps.Copy(r.Metadata.Labels, o.Labels)
		if o.Name != "" {
			r.Metadata.Name = o.Name
		}
	}
	return found, err
}

// detect is the format of data, which has to be the one asked for.
func detect(data []byte, asked Format) (Format, error) {
	switch asked {
	case Any, Fortio, SMP:
	default:
		return "", fmt.Errorf("%q is no format that can be imported: use fortio or smp", string(asked))
	}
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 {
		return "", errors.New("it is empty")
	}
	if trimmed[0] == '{' && len(trimmed) > maxExportedBytes {
		return "", tooLarge(trimmed, mebibytes(maxExportedBytes))
	}
	if json.Valid(trimmed) && (asked == Fortio || trimmed[0] == '[' || looksLikeFortio(trimmed)) {
		if asked == SMP {
			return "", errors.New("it is no result of SMP but of Fortio: leave out the format, or give fortio")
		}
		return Fortio, nil
	}
	if asked == Fortio {
		return "", errors.New("it is no JSON, which Fortio saves its runs as")
	}
	if len(trimmed) > maxSMPBytes {
		return "", fmt.Errorf("it is neither a run that Fortio saved nor, with more than %d MiB, a result of SMP", maxSMPBytes>>20)
	}
	switch {
	case smp.DetectResult(trimmed):
		return SMP, nil
	case smp.Detect(trimmed):
		return "", errors.New("it is a test of SMP, not a result: 'run -f' runs it")
	case isDocument(trimmed):
		return "", errors.New("it is a document of this plugin: Tests are for 'run -f', and Results are archived when they are made")
	}
	return "", errors.New("it is neither a run that Fortio saved (JSON with a DurationHistogram) nor a result of SMP (with latencies_ms)")
}

// looksLikeFortio tells whether a JSON object has what all runs of Fortio have.
func looksLikeFortio(object []byte) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(object, &fields) != nil {
		return false
	}
	_, run := fields["DurationHistogram"]
	_, wrapped := fields["runner_results"]
	return run || wrapped
}

func isDocument(data []byte) bool {
	var d struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	return json.Unmarshal(data, &d) == nil && d.APIVersion == document.APIVersion
}
