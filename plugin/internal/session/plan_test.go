package session

import (
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
)

func TestAPlanSaysWhatTheTestSays(t *testing.T) {
	test := document.Test{Spec: document.Spec{
		Targets: []document.Target{{URL: "http://a/", Weight: new(0.25)}, {URL: "http://b/", Check: &document.Check{JSON: []document.JSONCheck{{Path: "{.ready}"}, {Path: "{.error}", Equals: new("")}}}}},
		Load:    document.Load{Rate: 10},
	}}
	test.Default()
	if err := test.Validate(); err != nil {
		t.Fatal(err)
	}
	got := Config{Test: test, Members: make([]fleet.Member, 1)}.plans(nil)[0].GetTargets()
	if got[0].GetWeight() != 0.25 || got[1].GetWeight() != 1 {
		t.Errorf("weights: %v", got)
	}
	if j := got[1].GetCheck().GetJson(); j[0].Equals != nil || j[1].Equals == nil || j[1].GetEquals() != "" {
		t.Errorf("checks: %v", j)
	}
	one := document.Test{Spec: document.Spec{Target: document.Target{URL: "http://a/"}, Load: document.Load{Rate: 10}}}
	one.Default()
	if got := (Config{Test: one, Members: make([]fleet.Member, 1)}).plans(nil)[0].GetTargets(); got[0].GetWeight() != 1 {
		t.Errorf("the only target's weight: %v", got)
	}
}

// An agent keeps the certificates of a plan in its spool, and not the key.
func TestAPlanHasAKeyOnlyAsTheKey(t *testing.T) {
	const key = "-----BEGIN PRIVATE KEY-----\naHVzaCBodXNoIGh1c2g=\n-----END PRIVATE KEY-----\n"
	test := document.Test{Spec: document.Spec{Target: document.Target{URL: "https://a/", TLS: &document.TLS{CA: key, Cert: key, Key: key}}}}
	p := Config{Test: test, Members: make([]fleet.Member, 1)}.plans(nil)[0]
	if string(p.GetTargets()[0].GetTls().GetClientKey()) != key {
		t.Error("the key is not sent")
	}
	p.Targets[0].Tls.ClientKey = nil
	if strings.Contains(p.String(), "PRIVATE KEY") {
		t.Errorf("the key stands in %s", p)
	}
}
