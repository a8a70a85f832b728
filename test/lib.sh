# Functions of the scripts in this folder, which source it.

step() { printf '\n== %s\n' "$*" >&2; }

fail() {
	printf 'Error: %s\n' "$*" >&2
	exit 1
}

# cluster runs the cluster tool, built with the Makefile's flags, on the cluster CLUSTER_NAME where it is set. The
# cluster outlives the script and must not keep its lock (file 9) open.
cluster() {
	CGO_ENABLED=0 GOFLAGS='-trimpath -buildvcs=false' \
		go run -C test/cluster . ${CLUSTER_NAME:+--name "$CLUSTER_NAME"} "$@" 9>&-
}

# use_cluster tells programs about the running cluster through their usual
# environment variables.
use_cluster() {
	local status
	status=$(cluster status -o json)
	field() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p" <<<"$status"; }
	KUBECONFIG=$(field kubeconfig)
	KUBECTL=$(field kubectl)
	PROMETHEUS_URL=$(field prometheus)
	S3_ENDPOINT=$(field endpoint)
	S3_REGION=$(field region)
	S3_BUCKET=$(field bucket)
	S3_ACCESS_KEY=$(field accessKey)
	S3_SECRET_KEY=$(field secretKey)
	VERSITYGW=$(cluster bin versitygw)
	export KUBECONFIG KUBECTL PROMETHEUS_URL VERSITYGW
	export S3_ENDPOINT S3_REGION S3_BUCKET S3_ACCESS_KEY S3_SECRET_KEY
}
