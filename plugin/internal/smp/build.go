package smp

import (
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// test makes the Test.
func (c *config) test(r *reader) *document.Test {
	t := &document.Test{APIVersion: document.APIVersion, Kind: document.KindTest}
	if c.name != "" {
		t.Metadata.Name = FitName(c.name)
		switch t.Metadata.Name {
		case c.name:
		case "":
			r.warn("the name %q is left out: names are of lower-case letters, digits, '-' and '.'", c.name)
		default:
			r.warn("the name %q becomes %q: names are of lower-case letters, digits, '-' and '.'", c.name, t.Metadata.Name)
		}
	}
	t.Metadata.Labels = c.allLabels(r)
	t.Spec.Load = document.Load{Duration: c.duration}
	c.load(r, &t.Spec.Load)
	targets := c.weighted(r)
	if len(targets) == 1 {
		t.Spec.Target = targets[0]
	} else {
		t.Spec.Targets = targets
	}
	return t
}

// load puts the clients' load together: they are one generator distributed over
// several, so their rates add up. Connections are per target, so they do not.
func (c *config) load(r *reader, l *document.Load) {
	for _, cl := range c.clients {
		if (cl.rate == 0) != (c.clients[0].rate == 0) {
			r.fail("%s.rps and %s.rps: one is as fast as possible and the other a rate, and a run has one way: give all a rate, or none",
				c.clients[0].path, cl.path)
			return
		}
		if l.Connections != 0 && cl.connections != l.Connections {
			r.warn("%s.connections %d differs from those before it: all targets get %d each", cl.path, cl.connections, max(l.Connections, cl.connections))
		}
		l.Rate += document.Rate(cl.rate)
		l.Connections = max(l.Connections, cl.connections)
	}
}

// weighted are the targets of all clients. A client's rate is shared evenly by its
// URLs; weights are shares of the whole.
func (c *config) weighted(r *reader) []document.Target {
	var sum float64
	var all []document.Target
	for _, cl := range c.clients {
		sum += cl.rate
	}
	for _, cl := range c.clients {
		for _, t := range cl.targets {
			if sum > 0 {
				t.Weight = new(cl.rate / sum / float64(len(cl.targets)))
			}
			all = append(all, t)
		}
	}
	even := sum == 0 || !slices.ContainsFunc(all, func(t document.Target) bool { return *t.Weight != *all[0].Weight })
	for i := range all {
		if even {
			all[i].Weight = nil // as when nothing is said
		}
	}
	if len(all) > 1 && sum == 0 {
		r.warn("as fast as possible with %d targets: all get the same number of calls", len(all))
	}
	return all
}

// allLabels are the file's own and those made of its other fields, made fit.
func (c *config) allLabels(r *reader) map[string]string {
	labels := map[string]string{}
	// Those that need no change go before those that would become the same.
	slices.SortStableFunc(c.labels, func(a, b pair) int { return change(a) - change(b) })
	for _, p := range c.labels {
		key, value := FitKey(p.name), FitLabel(p.value)
		if key == "" {
			r.warn("the label %q is left out: a name has letters or digits", p.name)
			continue
		}
		if _, taken := labels[key]; taken {
			r.warn("the label %q is left out: as %q it is there already", p.name, key)
			continue
		}
		if key != p.name || value != p.value {
			r.warn("the label %q=%q becomes %q=%q: labels are of letters, digits, '-', '_' and '.'", p.name, p.value, key, value)
		}
		labels[key] = value
	}
	for _, p := range c.extra {
		value := FitLabel(p.value)
		if there, taken := labels[p.name]; taken && there != value {
			r.warn("the label %q stays %q, although the file says %q elsewhere", p.name, there, value)
		} else if value != "" {
			labels[p.name] = value
		}
	}
	if len(labels) == 0 {
		return nil
	}
	return labels
}

// change is 1 where a label's name has to be made fit.
func change(p pair) int {
	if FitKey(p.name) == p.name {
		return 0
	}
	return 1
}
