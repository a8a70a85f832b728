// Command coredns is CoreDNS with only the plugins a test cluster uses. The
// full program links every cloud provider's SDK, which triples its build time.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/metrics"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"
	_ "github.com/coredns/coredns/plugin/template"
)

func main() {
	// The order of directives is the order in which plugins see a query.
	dnsserver.Directives = []string{
		"reload", "health", "ready", "prometheus", "errors", "cache", "template", "kubernetes",
	}
	coremain.Run()
}
