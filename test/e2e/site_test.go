//go:build e2e

package e2e

import (
	"errors"
	"sync"
	"testing"
)

// site is agents on every node, in a namespace of their own, and a workload in
// another, which nothing else calls: its counters are what these agents sent.
type site struct {
	agents, shop string
	host, target string // the workload's name, and its URL
}

// sites are as many as tests run beside each other at most.
var sites = []*site{newSite("a"), newSite("b"), newSite("c")}

// secured is the namespace of a workload that wants certificates.
const secured = "meshery-e2e-tls"

func newSite(name string) *site {
	s := &site{agents: "meshery-e2e-" + name, shop: "meshery-e2e-shop-" + name}
	s.host = "meshery-echo." + s.shop
	s.target = "http://" + s.host + ":8080/"
	return s
}

var idle = func() chan *site {
	c := make(chan *site, len(sites))
	for _, s := range sites {
		c <- s
	}
	return c
}()

// alone is a site for a test that runs while no other does: one that looks at the
// whole cluster, or measures what a busy machine would change.
func alone(t *testing.T) *site {
	t.Helper()
	return take(t)
}

// beside is a site for a test that runs beside others, after those that run alone.
func beside(t *testing.T) *site {
	t.Helper()
	t.Parallel()
	return take(t)
}

func take(t *testing.T) *site {
	t.Helper()
	s := <-idle
	t.Cleanup(func() { idle <- s })
	return s
}

// each does something at every site, at once.
func each(do func(*site) error) error {
	all := make([]error, len(sites))
	var wg sync.WaitGroup
	for i, s := range sites {
		wg.Go(func() { all[i] = do(s) })
	}
	wg.Wait()
	return errors.Join(all...)
}

// slow is the workload with answers after 20 ms, which decide over thresholds
// whatever the machine adds.
func (at *site) slow() string { return at.target + "?delay=20ms" }

func shops() (names []string) {
	for _, s := range sites {
		names = append(names, s.shop)
	}
	return names
}

// runJSON runs the Test of args at a site and returns the Result and the bytes printed.
func (at *site) runJSON(t *testing.T, args ...string) (*resultDoc, []byte) {
	t.Helper()
	r := measured(t, append([]string{"meshery", "run", "-n", at.agents, "-o", "json"}, args...)...)
	return parse(t, r.stdout), []byte(r.stdout)
}

// quick runs a Test with this YAML below "spec:", and wants it believable.
func (at *site) quick(t *testing.T, yaml string, args ...string) *resultDoc {
	t.Helper()
	r, _ := at.runJSON(t, append(spec(t, yaml), args...)...)
	if r.Status.Phase != "Succeeded" || !believable(&r.Status) {
		t.Errorf("phase %s, validity %+v", r.Status.Phase, r.Status.Validity)
	}
	return r
}
