#!/usr/bin/env bash
# Runs the tests: run.sh [all|unit|cluster|pages|e2e|soak|size|verdicts].
#
# unit: every test that needs no cluster, in every module, with the race detector where
#   there are goroutines; after them, alone and without it, those that hold figures
#   against the truth.
# cluster: the tests of the test cluster itself; they need Linux and root.
# pages: reports in a real browser, and the archive's tables in a SQL engine.
# soak: ten minutes of load, and a thousand connections, against the agent's memory;
#   on a cluster like those of e2e, and not among all.
# verdicts: what comparisons say of nothing and of 1 ms, on a cluster like those of
#   e2e, over SEEDS (10) seeds; not among all.
# size: an archive of 100,000 runs (RUNS) on a real S3 server; not among all.
# e2e: the tests with the build tag e2e, on a cluster that is started for them and
#   removed afterwards. With E2E=existing on the one that KUBECONFIG names; the
#   tests then also want from the environment what that cluster has:
#
#   MESHERY_IMAGE    the agent's image, where its nodes can pull it
#   PROMETHEUS_URL   a Prometheus that reads its kubelets, from this machine
#   S3_ENDPOINT, S3_REGION, S3_BUCKET, S3_ACCESS_KEY, S3_SECRET_KEY
#   KUBECTL          kubectl (default: the one on PATH)
#   VERSITYGW, NODE_EXPORTER, PROMETHEUS   programs (default: the test cluster's)
set -euo pipefail
cd "$(dirname "$0")/.."
source test/lib.sh

# What was compiled or tested in one clone is not done again in another.
export GOFLAGS='-trimpath -buildvcs=false'

# ours are the packages of this module whose code starts goroutines or locks
# ("concurrent"), or does neither ("plain"): in those the race detector has nothing to
# find, and takes ten times as long to say so. ci is a script, of which the go command's
# cache does not know.
ours() {
	local concurrent
	concurrent=$(grep -rlE --include='*.go' --exclude='*_test.go' '(^|[^A-Za-z.])go (func|[A-Za-z_.]+\()|\.Go\(|"sync(/atomic)?"' . | xargs -n 1 dirname | sort -u)
	go list -f '{{.Dir}}' ./... | sed "s,^$PWD,.," | grep -vx ./ci |
		if [ "$1" = plain ]; then grep -vxF "$concurrent"; else grep -xF "$concurrent"; fi
}

# The commands are chained, for set -e has no power in a function that is called
# for its status.
unit() {
	step "unit tests"
	# That of the commands waits the longest, so it begins at once.
	go test -race -p 3 -skip '^TestTruth|^TestBench' ./plugin/cmd $(ours concurrent | grep -vx ./plugin/cmd) &&
		go test -p 3 -skip '^TestTruth' $(ours plain)
}

# waiting are the tests that unit leaves out, and that do little else.
waiting() { go test -race -run '^TestBench' $(packages_with '^func TestBench'); }

# packages_with are those of this module that have tests with such a line.
packages_with() {
	local files
	files=$(grep -rl --include='*_test.go' "$1" agent internal plugin)
	printf './%s\n' $(dirname $files) | sort -u
}

others() {
	step "unit tests of scripts and other modules"
	go test -count=1 ./ci &&
		# These look at files and programs that the go command's cache does not know of.
		(cd build && go test -count=1 ./...) &&
		(cd test/fortio && go test -count=1 ./...) &&
		(cd test/bench && go test -race ./...) &&
		(cd test/cluster && go test -race ./...)
}

# truth holds figures against the logs of the servers called: nothing else shall
# use the CPU meanwhile, the race detector included.
truth() {
	step "truth tests"
	go test -p 1 -run '^TestTruth' $(packages_with '^func TestTruth')
}

# pages runs what looks at our files with programs of others.
pages() {
	step "reports in a browser, the archive in SQL"
	(cd test/browser && npm ci --no-audit --no-fund && node --test) &&
		(cd test/sql && npm ci --no-audit --no-fund && node --test)
}

# size measures; nothing else should use the CPU.
size() {
	VERSITYGW=${VERSITYGW:-$(cluster bin versitygw)}
	export VERSITYGW PLUGIN="$PWD/bin/kubectl-meshery"
	step "an archive at size"
	go test -tags e2e,size -count=1 -timeout 90m -v -run '^TestSize$' ./plugin/internal/archive
}

cluster_itself() {
	needs_root
	step "tests of the test cluster"
	(cd test/cluster && go test -race -tags cluster -count=1 -timeout 20m .)
}

# a_cluster is the one of E2E=existing, or one of the tests' own.
a_cluster() {
	if [ "${E2E:-own}" = existing ]; then
		[ -n "${KUBECONFIG:-}" ] || fail "E2E=existing needs KUBECONFIG: set it to the kubeconfig of your cluster"
		KUBECTL=${KUBECTL:-$(command -v kubectl)} || fail "no kubectl on PATH: install it, or set KUBECTL"
		export E2E KUBECTL
	else
		own_cluster
	fi
	export PATH="$PWD/bin:$PATH"
}

packages() {
	go test -race -tags e2e -count=1 -p 3 -parallel 4 -timeout 20m -run "^($names)\$" $(dirname $files | sort -u | grep -vx ./plugin/internal/archive)
}

# These have run with the race detector, on a directory.
archive_on_s3() { go test -tags e2e -count=1 -timeout 20m ./plugin/internal/archive; }

e2e() {
	a_cluster
	VERSITYGW=${VERSITYGW:-$(cluster bin versitygw)}
	NODE_EXPORTER=${NODE_EXPORTER:-$(cluster bin node_exporter)}
	PROMETHEUS=${PROMETHEUS:-$(cluster bin prometheus)}
	export VERSITYGW NODE_EXPORTER PROMETHEUS
	step "e2e tests"
	# The tests with the tag, of the packages that have some; they mostly wait for the
	# cluster. Others have run before, but those of the archive, which now take S3, too.
	# test/e2e measures, and looks at all that is in the cluster, so it is alone.
	files=$(grep -rlx --include='*_test.go' '//go:build e2e' . | grep -v -e '^./build/' -e '^./test/')
	names=$(sed -n 's/^func \(Test[A-Za-z0-9]*\)(t .*/\1/p' $files | paste -sd '|')
	at_once packages archive_on_s3
	# As many beside each other as there are sites for them.
	go test -race -tags e2e -count=1 -parallel 3 -timeout 20m ./test/e2e
	(cd build && go test -race -tags e2e -count=1 -run TestInstallByHand ./dist)
}

soak() {
	a_cluster
	step "soak test"
	# Not with the race detector: nothing but the load shall use the CPU.
	go test -tags e2e,soak -count=1 -timeout 30m -v -run 'TestSoak|TestAThousand' ./test/e2e
}

verdicts() {
	a_cluster
	step "verdicts over seeds"
	go test -tags e2e,verdicts -count=1 -timeout 90m -v -run '^TestVerdictsOverSeeds$' ./test/e2e
}

needs_root() {
	[ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] ||
		fail "starting a cluster needs Linux and root: use sudo, or a cluster of yours with E2E=existing and KUBECONFIG"
}

# own_cluster starts the cluster "test", beside any other one of this machine. It
# goes when this script ends, however it ends.
own_cluster() {
	needs_root
	export CLUSTER_NAME=test E2E=own
	mkdir -p "${XDG_RUNTIME_DIR:=/run}"
	exec 9>"$XDG_RUNTIME_DIR/kubectl-meshery-test.lock"
	flock -n 9 || fail "the test cluster is in use by another test run: wait for its end"
	step "cluster for the tests"
	cluster down # what a killed run may have left
	trap 'status=$?; trap "" INT TERM; step "remove the cluster"; cluster down; exit $status' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	cluster up --nodes 2
	MESHERY_IMAGE=$(cluster load-image "$PWD/dist/image/meshery-agent.tar")
	export MESHERY_IMAGE
	use_cluster
}

# When pages are looked at, what these need is compiled.
pages_and_waiting() { pages && waiting; }

# at_once runs functions beside each other: some compute, others wait. The first prints
# as it goes, of the others the output follows.
at_once() {
	local logs status=0 pids=() f traps
	traps=$(trap -p INT TERM)
	logs=$(mktemp -d)
	for f in "${@:2}"; do
		"$f" >"$logs/$f" 2>&1 9>&- &
		pids+=($!)
	done
	trap 'kill "${pids[@]}" 2>/dev/null; wait; exit 130' INT TERM
	"$1" || status=$?
	for f in "${@:2}"; do
		wait "${pids[0]}" || status=$?
		pids=("${pids[@]:1}")
		cat "$logs/$f"
	done
	trap - INT TERM
	eval "$traps"
	rm -rf "$logs"
	return "$status"
}

case ${1:-all} in
all)
	if [ "${E2E:-own}" = existing ]; then at_once unit others pages_and_waiting; else at_once unit cluster_itself others pages_and_waiting; fi
	truth
	e2e
	;;
pages) pages ;;
size) size ;;
verdicts) verdicts ;;
unit)
	unit
	waiting
	others
	truth
	;;
cluster) cluster_itself ;;
e2e) e2e ;;
soak) soak ;;
*) fail "unknown argument \"$1\": use all, unit, cluster, pages, e2e, soak, size or verdicts" ;;
esac
