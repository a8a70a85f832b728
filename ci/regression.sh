#!/usr/bin/env bash
# Measures what is deployed and holds it against the last measurement of the base
# branch: the plain recipe behind the GitHub Action (action.yml), for any CI.
#
#   TEST=perf/checkout.yaml BRANCH=my-branch COMMIT=$(git rev-parse HEAD) ci/regression.sh
#
# TEST      file with the Test
# BRANCH    what is measured now
# COMMIT    its commit
# BASE      branch to hold it against (main). On that branch itself nothing is compared
# RUNS      how many times the Test is run (10; fewer than 6 can show nothing)
# OUTPUT    directory for report.html, report.md and report.xml (meshery-report)
# FAIL_ON   verdicts that fail: worse, inconclusive, or both with a comma; empty: none (worse)
# ALLOW     what may differ from the base, for compare (images)
# NAMESPACE of the agents (meshery-agents, or the kubeconfig's)
# DEPLOY    flags for 'kubectl meshery deploy', or "no" if the agents are there
#
# The archive is the plugin's: MESHERY_ARCHIVE and AWS_* in the environment, or the
# configuration (docs/archive.md). Exit code 3: something is worse.
set -euo pipefail

need() {
	[ -n "${!1:-}" ] || {
		echo "Error: $1 is not set: $2" >&2
		exit 2
	}
}
need TEST "give the file with the Test"
need BRANCH "give the name of what is measured, such as the git branch"
need COMMIT "give the commit that is measured"
BASE=${BASE:-main} RUNS=${RUNS:-10} OUTPUT=${OUTPUT:-meshery-report} FAIL_ON=${FAIL_ON-worse} ALLOW=${ALLOW-images}
if ! [[ $RUNS =~ ^[1-9][0-9]*$ ]]; then
	echo "Error: RUNS is \"$RUNS\": give a number of runs" >&2
	exit 2
fi
# Labels hold letters, digits, '-', '_' and '.', 63 at most.
label() { printf %s "$1" | tr -c 'A-Za-z0-9_.-' '-' | cut -c1-63 | sed 's/^[-_.]*//; s/[-_.]*$//'; }
at=(${NAMESPACE:+-n "$NAMESPACE"})
branch=$(label "$BRANCH") base=$(label "$BASE") commit=$(label "$COMMIT")

if [ "${DEPLOY:-}" != no ]; then
	# shellcheck disable=SC2086 # several flags
	kubectl meshery deploy ${at[@]+"${at[@]}"} ${DEPLOY:-} >&2
fi

name=
for i in $(seq "$RUNS"); do
	echo "run $i of $RUNS" >&2
	status=0
	# An invalid run (4) is left out of the comparison, which names it; a threshold that
	# failed (3) is in the report.
	name=$(kubectl meshery run ${at[@]+"${at[@]}"} -f "$TEST" --label "branch=$branch" --label "commit=$commit" -o jsonpath='{.metadata.name}') || status=$?
	case $status in 0 | 3 | 4) ;; *) exit "$status" ;; esac
done

if [ "$branch" = "$base" ]; then
	echo "measured $BASE: later branches are held against commit $commit" >&2
	exit 0
fi

last=$(kubectl meshery results list --name "$name" --label "branch=$base" --valid --limit 1 -o jsonpath='{.items[*].labels.commit}')
mkdir -p "$OUTPUT"
if [ -z "$last" ]; then
	echo "No valid run of $name on $BASE is in the archive: there is nothing to compare with yet." | tee "$OUTPUT/report.md" >&2
	exit 0
fi
kubectl meshery report "branch=$base,commit=$last" "branch=$branch,commit=$commit" --where "name=$name" \
	--title "$name: $BRANCH beside $BASE" ${ALLOW:+--allow "$ALLOW"} ${FAIL_ON:+--fail-on "$FAIL_ON"} \
	--output "$OUTPUT/report.html" --output "$OUTPUT/report.md" --output "$OUTPUT/report.xml"
