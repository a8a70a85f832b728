package document

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"k8s.io/client-go/util/jsonpath"
)

func (t *Target) validateCheck(field string) (errs []error) {
	c := t.Check
	if c == nil {
		return nil
	}
	add := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(field+".check."+format, args...))
	}
	if t.Protocol == TCP || t.Protocol == UDP {
		add("status, bodyContains and json do not apply: what comes back is held against what was sent")
		return errs
	}
	for _, s := range c.Status {
		switch {
		case t.Protocol == GRPC && !slices.ContainsFunc(grpcCodes, func(g string) bool { return g == s }):
			add("status %q is not the name of a gRPC code, such as OK or NotFound", s)
		case t.Protocol != GRPC && !statusRE.MatchString(s):
			add("status %q is not an HTTP status such as 200 or 2xx", s)
		}
	}
	if t.Protocol == GRPC && c.BodyContains != "" {
		add("bodyContains: a gRPC answer is no text: use json")
	}
	for i, j := range c.JSON {
		if err := jsonpath.New("").Parse(j.Path); err != nil || !strings.HasPrefix(j.Path, "{") {
			add("json[%d].path %q is not a JSONPath such as {.status.ready}", i, j.Path)
		}
	}
	return errs
}

// grpcCodes are the names of the gRPC codes as a Result counts them.
var grpcCodes = func() []string {
	var names []string
	for c := codes.OK; c <= codes.Unauthenticated; c++ {
		names = append(names, c.String())
	}
	return names
}()
