#!/usr/bin/env bash
# The main job from beginning to end: a load test from inside a cluster, measured
# and archived. Where no cluster can be started, the same on this machine alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
source test/lib.sh

namespace=shop
target="http://meshery-echo.$namespace:8080/"

# show prints a command as people would type it; run then runs it, too.
show() {
	local bold='' plain=''
	[ ! -t 2 ] || bold=$'\033[1m' plain=$'\033[0m'
	printf '\n%s$ %s%s\n' "$bold" "$*" "$plain" >&2
}
run() {
	show "$@"
	"$@"
}

# measure is run for load tests: on a busy machine a run may turn out invalid (exit
# code 4), which it says, and which is no reason to end the demo.
measure() {
	local code=0
	run "$@" || code=$?
	[ "$code" = 0 ] || [ "$code" = 4 ] || exit "$code"
}

on_cluster() {
	step "1  System packages, plugin, agent and its image"
	run build/deps.sh cluster
	run make --no-print-directory build image

	step "2  A Kubernetes of two nodes on this machine, with S3 and Prometheus"
	echo "The first time its programs are built, which takes a quarter of an hour; later it takes seconds." >&2
	show go run -C test/cluster . up --nodes 2
	cluster up --nodes 2
	show go run -C test/cluster . load-image dist/image/meshery-agent.tar
	image=$(cluster load-image "$PWD/dist/image/meshery-agent.tar")
	use_cluster
	use_archive "s3://$S3_BUCKET/demo"
	PATH="$PWD/bin:$(dirname "$KUBECTL"):$PATH"

	step "3  The workload to measure"
	if kubectl get namespace "$namespace" >/dev/null 2>&1; then
		again=yes
	else
		again=
		run kubectl create namespace "$namespace"
	fi
	show kubectl apply -n "$namespace" --server-side -f manifests/echo.yaml
	sed "s|image: .*|image: $image|" manifests/echo.yaml | kubectl apply -n "$namespace" --server-side -f -
	# Another demo may have left pods of another build under the same image name.
	[ -z "$again" ] || run kubectl rollout restart -n "$namespace" deployment/meshery-echo
	run kubectl rollout status -n "$namespace" deployment/meshery-echo --timeout=60s

	step "4  What is needed, and is it there?"
	run kubectl meshery check --kubelet-metrics

	step "5  An agent on every node"
	[ -z "$again" ] || run kubectl meshery undeploy
	run kubectl meshery deploy --kubelet-metrics

	step "6  500 requests a second for 20 seconds, from both nodes"
	measure kubectl meshery run "$target" --rate 500 --duration 20s --name demo

	step "7  What was kept"
	run kubectl meshery results list

	cat <<-END

		This is how to go on, in this shell:

		  export PATH=$PWD/bin:$(dirname "$KUBECTL"):\$PATH
		$(exports)
		  kubectl meshery run $target --rate 2000 --duration 1m
		  kubectl meshery results list

		And to take all of it down:

		  make demo-down
	END
}

on_machine() {
	step "1  Plugin and agent"
	run make --no-print-directory build
	PATH="$PWD/bin:$PATH"
	export MESHERY_ARCHIVE="file://$PWD/dist/demo"

	step "2  The workload to measure"
	local only_http=(--https-listen= --grpc-listen= --tcp-listen= --udp-listen=)
	show meshery-agent echo --listen 127.0.0.1:18080 --metrics-listen 127.0.0.1:18081 "${only_http[@]}"
	meshery-agent echo --listen 127.0.0.1:18080 --metrics-listen 127.0.0.1:18081 "${only_http[@]}" &
	echo=$!
	trap 'kill "$echo" 2>/dev/null; wait "$echo" || true' EXIT
	for _ in {1..50}; do
		kill -0 "$echo" 2>/dev/null || fail "the workload did not start: is port 18080 or 18081 in use?"
		(: </dev/tcp/127.0.0.1/18080) 2>/dev/null && break
		sleep 0.1
	done

	step "3  500 requests a second for 20 seconds, from this machine"
	measure kubectl-meshery run --local http://127.0.0.1:18080/ --rate 500 --duration 20s --name demo

	step "4  What was kept"
	run kubectl-meshery results list

	cat <<-END

		This was one process on one machine, without a cluster: $1.
		To do it on a cluster of yours:

		  export PATH=$PWD/bin:\$PATH
		  kubectl meshery check

		Nothing runs any more. The results lie in dist/demo; make clean removes them.
	END
}

# use_archive names the archive in the environment, where every command finds it.
use_archive() {
	export MESHERY_ARCHIVE=$1
	export AWS_ENDPOINT_URL=$S3_ENDPOINT AWS_REGION=$S3_REGION
	export AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY
}

exports() {
	for name in KUBECONFIG MESHERY_ARCHIVE AWS_ENDPOINT_URL AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; do
		printf '  export %s=%s\n' "$name" "${!name}"
	done
}

if [ "$(uname -s)" != Linux ]; then
	on_machine "a cluster on one machine needs Linux"
elif [ "$(id -u)" != 0 ]; then
	on_machine "a cluster on one machine needs root"
else
	on_cluster
fi
