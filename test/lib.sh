# Functions of the scripts in this folder, which source it.

step() { printf '\n== %s\n' "$*" >&2; }

fail() {
	printf 'Error: %s\n' "$*" >&2
	exit 1
}

# cluster runs the cluster tool, with the Makefile's flags, on the cluster
# CLUSTER_NAME where that is set. The cluster may outlive the script, so it must not
# hold the script's lock (file 9).
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
	export KUBECONFIG KUBECTL PROMETHEUS_URL
	export S3_ENDPOINT S3_REGION S3_BUCKET S3_ACCESS_KEY S3_SECRET_KEY
}
