package server

import (
	"testing"
	"time"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// An empty value that is wanted is not the same as none.
func TestAPlanMayWantAnEmptyValue(t *testing.T) {
	p := planFor("http://a/", 10, 0, time.Second)
	p.Targets[0].Check = &agentv1.Check{Json: []*agentv1.JSONCheck{{Path: "{.ready}"}, {Path: "{.error}", Equals: new("")}}}
	targets, err := targetsOf(p)
	if err != nil {
		t.Fatal(err)
	}
	if j := targets[0].Check.JSON; j[0].Equals != nil || j[1].Equals == nil || *j[1].Equals != "" {
		t.Errorf("%+v", j)
	}
}
