package smp

import (
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// readFlat reads the first form, which is test, environment and result in one: one
// client, one URL beside it, and no duration but that of the run it tells of.
func readFlat(o *object) config {
	c := config{labels: o.texts("labels")}
	c.duration = ranFor(o)
	f, _ := o.take("client")
	client := o.r.object(f.key, f.value)
	if url, ok := o.take("endpointurl"); ok {
		client.fields["endpointurl"] = url
	} else {
		o.r.fail("endpoint_url is missing: name the URL to call")
		client.fields["endpointurl"] = field{"endpoint_url", "http://missing/"}
	}
	left := client.drop("latenciesms")
	// Who wrote this form wrote names; a number is of somebody who came later.
	c.clients = append(c.clients, readClient(client, func(string) []numbering { return []numbering{smps, smp} }))
	left = append(left, o.drop("env", "config", "metrics", "meshbuild", "proxybuild", "expgroupuuid", "expuuid", "profile", "detailsuri")...)
	if len(left) > 0 {
		o.r.warn("left out, for a Test does not have them: %s", strings.Join(left, ", "))
	}
	o.drop("smpsversion", "smpversion")
	return c
}

// ranFor is the time from start_time to end_time, 0 where there is none.
func ranFor(o *object) document.Duration {
	var at [2]time.Time
	for i, name := range []string{"starttime", "endtime"} {
		f, ok := o.take(name)
		if !ok {
			continue
		}
		var err error
		switch v := f.value.(type) {
		case time.Time:
			at[i] = v
		case string:
			at[i], err = time.Parse(time.RFC3339, v)
		}
		if err != nil || at[i].IsZero() {
			o.r.fail("%s is not a time such as 2020-03-17T14:53:05Z", o.where(f.key))
			return 0
		}
	}
	d := at[1].Sub(at[0]).Round(time.Second)
	if at[0].IsZero() || at[1].IsZero() || d < time.Second {
		return 0
	}
	o.r.warn("the duration %s is that from start_time to end_time: this form has no other", d)
	return document.Duration(d)
}
