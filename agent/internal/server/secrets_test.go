package server

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Wherever a plan holds a secret, it is not in the files of the spool, nor told
// to who watches; the load is sent with it all the same.
func TestNoSecretIsSpooled(t *testing.T) {
	const secret = "zqx-77177"
	url, count := target(t, 0)
	spool := t.TempDir()
	a := serve(t, spool, 1<<20)
	p := planFor(url+"/path?apikey="+secret+"#"+secret, 50, 0, 500*time.Millisecond)
	to := p.Targets[0]
	to.Method, to.Body = "POST", []byte(secret)
	to.Headers = []*agentv1.Header{{Name: "Authorization", Value: secret}}
	to.Grpc = &agentv1.GRPCCall{Method: "a.B/C", Message: secret}
	to.Check = &agentv1.Check{Status: []string{"200"}, BodyContains: "hello"}
	p.Scrape = &agentv1.Scrape{NodeExporterUrl: "http://me:" + secret + "@127.0.0.1:1/metrics",
		Prometheus: &agentv1.PrometheusScrape{Url: "http://me:" + secret + "@127.0.0.1:1/"}}
	before := proto.CloneOf(p)
	a.prepare(t, runID, p)
	a.start(t, runID)
	r := a.watch(t.Context(), runID, 1)
	r.check(t, 1, agentv1.RunPhase_RUN_PHASE_SUCCEEDED)
	if count.Load() == 0 || r.final.GetCounts().GetFailed() != 0 {
		t.Errorf("%v of %d requests", r.final.GetCounts(), count.Load())
	}
	if !proto.Equal(p, before) {
		t.Error("the plan itself was changed")
	}
	files := 0
	err := filepath.WalkDir(spool, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("a secret is in %s", path)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files, %v", files, err)
	}
	for _, c := range r.chunks {
		b, err := proto.Marshal(c)
		if err != nil || bytes.Contains(b, []byte(secret)) {
			t.Errorf("chunk %d tells a secret: %v (%v)", c.GetSeq(), c, err)
		}
	}
	if got := r.chunks[0].GetPlan().GetTargets()[0]; got.GetUrl() != url+"/path" || got.GetName() != "target" || got.GetCheck().GetStatus()[0] != "200" {
		t.Errorf("spooled %v", got)
	}
}

// What is looked for in answers can be a secret as well.
func TestNoCheckIsSpooled(t *testing.T) {
	p := planFor("http://a/", 1, 0, time.Second)
	p.Targets[0].Check = &agentv1.Check{BodyContains: "zqx", Json: []*agentv1.JSONCheck{{Path: "{.zqx}", Equals: new("zqx")}}}
	p.Targets[0].Url = "http://[zqx"
	p.Scrape = &agentv1.Scrape{NodeExporterUrl: "http://$(HOST_IP):9100/metrics?key=zqx", Prometheus: &agentv1.PrometheusScrape{Url: "http://prometheus/?key=zqx"}}
	b, err := proto.Marshal(withoutSecrets(p))
	if err != nil || bytes.Contains(b, []byte("zqx")) {
		t.Errorf("%q, %v", b, err)
	}
	if s := withoutSecrets(p).GetScrape().GetNodeExporterUrl(); s != "http://$(HOST_IP):9100/metrics" {
		t.Errorf("node-exporter at %q", s)
	}
}
