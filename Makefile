# `make` lists the targets. Nothing but Go and make has to be there beforehand.

# Builds are named for the tag, or for the commit after it; without tags (or
# without git) they are "dev". The image's tag is the same without the v, which
# is where `kubectl meshery deploy` looks for it.
VERSION := $(or $(VERSION),$(shell git describe --tags --match 'v[0-9]*' --dirty 2>/dev/null),dev)
COMMIT  := $(or $(COMMIT),$(shell git rev-parse HEAD 2>/dev/null))
# Files in images and archives get the commit's time, so that the same commit
# gives the same bytes. https://reproducible-builds.org/specs/source-date-epoch/
SOURCE_DATE_EPOCH := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),0)

IMAGE ?= ghcr.io/meshery/meshery-agent
DIST  ?= dist

PLUGIN_PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64
IMAGE_PLATFORMS  := linux/amd64 linux/arm64

empty :=
comma := ,
list   = $(subst $(empty) $(empty),$(comma),$(strip $(1)))

# Static, and without paths of this machine. The version is passed in, because what
# the go command records itself differs between a clone and a source archive. One
# set of flags for everything: what one target compiled, the others need not again.
GO      := CGO_ENABLED=0 GOFLAGS='-trimpath -buildvcs=false' go
INFO    := github.com/meshery/kubectl-meshery/internal/buildinfo
GOBUILD := $(GO) build -ldflags '-s -w -X $(INFO).Version=$(VERSION) -X $(INFO).Commit=$(COMMIT)'

CLUSTER := $(GO) run -C test/cluster .

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Try

.PHONY: demo
demo: ## Do the main job on a cluster of its own: deploy, load, measure, archive
	@test/demo/demo.sh

.PHONY: demo-down
demo-down: cluster-down ## Remove what the demo started

.PHONY: cluster-up
cluster-up: ## Start a real two-node Kubernetes on this machine
	@build/deps.sh cluster
	$(CLUSTER) up --nodes 2

.PHONY: cluster-down
cluster-down: ## Stop it and remove all traces
	$(CLUSTER) down

##@ Build

.PHONY: build
build: ## Build the plugin and the agent into bin/
	@echo "build kubectl-meshery and meshery-agent $(VERSION) into bin/"
	@$(GOBUILD) -o bin/kubectl-meshery ./plugin
	@$(GOBUILD) -o bin/meshery-agent ./agent
	@install -m 755 krew/kubectl_complete-meshery bin/

.PHONY: image
image: ## Build the agent's image as an archive: dist/image/meshery-agent.tar
	@for p in $(IMAGE_PLATFORMS); do \
		os=$${p%/*} arch=$${p#*/}; \
		echo "build meshery-agent $(VERSION) for $$p"; \
		GOOS=$$os GOARCH=$$arch $(GOBUILD) -o "$(DIST)/bin/$${os}_$$arch/meshery-agent" ./agent || exit 1; \
	done
	@$(GO) run -C build ./image -ref '$(IMAGE):$(patsubst v%,%,$(VERSION))' -version '$(VERSION)' -commit '$(COMMIT)' \
		-created '$(SOURCE_DATE_EPOCH)' -platforms '$(call list,$(IMAGE_PLATFORMS))' \
		-binaries '$(abspath $(DIST))/bin' -out '$(abspath $(DIST))/image/meshery-agent.tar'

.PHONY: dist
dist: dist-build dist-pack ## Build the release archives and the krew manifest: make dist VERSION=v0.1.0

.PHONY: dist-build
dist-build:
	@for p in $(PLUGIN_PLATFORMS); do \
		os=$${p%/*} arch=$${p#*/}; case $$os in windows) ext=.exe ;; *) ext= ;; esac; \
		echo "build kubectl-meshery $(VERSION) for $$p"; \
		GOOS=$$os GOARCH=$$arch $(GOBUILD) -o "$(DIST)/bin/$${os}_$$arch/kubectl-meshery$$ext" ./plugin || exit 1; \
	done

.PHONY: dist-pack
dist-pack:
	@$(GO) run -C build ./dist -version '$(VERSION)' -platforms '$(call list,$(PLUGIN_PLATFORMS))' \
		-time '$(SOURCE_DATE_EPOCH)' -binaries '$(abspath $(DIST))/bin' -out '$(abspath $(DIST))' \
		-license '$(abspath LICENSE)' -completion '$(abspath krew/kubectl_complete-meshery)' \
		-template '$(abspath krew/meshery.yaml.tmpl)'

.PHONY: generate
generate: tools ## Generate the code that is generated
	cd proto && PATH='$(CURDIR)/bin:$(PATH)' sh -c 'buf lint && buf generate'

.PHONY: clean
clean: ## Remove bin/ and dist/
	rm -rf bin dist

##@ Check

.PHONY: deps
deps: ## Install the system packages that tests need (Debian, root), or say what is missing
	@build/deps.sh

# That of this machine is compiled, and vetted.
OTHER_PLATFORMS = $(filter-out $(shell go env GOOS)/$(shell go env GOARCH),$(PLUGIN_PLATFORMS))

.PHONY: lint
lint: tools ## gofmt, go vet, staticcheck, the plugin's platforms, the list of dependencies
	@build/lint.sh
	@echo "check the plugin for $(OTHER_PLATFORMS)"
	@$(GO) run -C build ./platforms -dir '$(CURDIR)' -packages ./plugin/... $(OTHER_PLATFORMS)

.PHONY: check-generate
check-generate: tools ## Fail if generating would change anything
	@new=$$(mktemp -d) && trap 'rm -rf "$$new"' EXIT && cd proto && \
	export PATH='$(CURDIR)/bin:$(PATH)' && \
	buf lint && buf generate -o "$$new" && \
	for f in $$(cd "$$new" && find . -type f); do \
		diff -u "$$f" "$$new/$$f" || { echo "proto/$${f#./} is not what its source generates: run make generate" >&2; exit 1; }; \
	done

.PHONY: test
test: build image ## Run all tests; starts and removes a cluster of its own
	@test/run.sh

.PHONY: test-unit
test-unit: ## Run the tests that need no cluster, with the race detector
	@test/run.sh unit

.PHONY: test-cluster
test-cluster: ## Run the tests of the test cluster itself (Linux, root)
	@test/run.sh cluster

.PHONY: test-pages
test-pages: build ## Open reports in a browser, and the archive in a SQL engine
	@test/run.sh pages

.PHONY: test-e2e
test-e2e: build image ## Run the tests on a cluster: its own, or with E2E=existing yours (KUBECONFIG)
	@test/run.sh e2e

.PHONY: soak
soak: build image ## Watch an agent's memory for 10 minutes at 5,000 rps (cluster as for test-e2e)
	@test/run.sh soak

.PHONY: verdicts
verdicts: build image ## See what comparisons say of nothing and of 1 ms, over 10 seeds (half an hour, cluster as for test-e2e)
	@test/run.sh verdicts

.PHONY: bench-archive
bench-archive: build ## Fill an archive with RUNS=100000 runs on a real S3 server, and measure (20 minutes)
	@test/run.sh size

.PHONY: bench
bench: ## Compare with other load generators (Linux, 2 CPUs): QUICK=1, CLUSTER=1, DOC=docs/benchmarks.md
	@build/deps.sh bench >&2
	@$(MAKE) --no-print-directory build $(if $(CLUSTER),image) >&2
	@$(GO) run -C test/bench . $(if $(QUICK),-quick) $(if $(CLUSTER),-cluster) $(if $(DOC),-update '$(abspath $(DOC))') $(BENCHFLAGS)

.PHONY: tools
tools:
	@$(GO) build -C tools -o '$(CURDIR)/bin/' tool
	@$(GO) build -o bin/ tool
