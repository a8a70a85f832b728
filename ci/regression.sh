#!/usr/bin/env bash
# Measures what is deployed and holds it against the last measurement of the base
# branch: the plain recipe behind the GitHub Action (action.yml), for any CI.
#
#   TEST=perf/checkout.yaml BRANCH=my-branch COMMIT=$(git rev-parse HEAD) ci/regression.sh
#
# TEST      file with the Test
# BRANCH    what is measured now
# COMMIT    its commit
# PULL_REQUEST  number of the pull request that this is, whatever its branch is called:
#           what it measures is never what others are held against
# BASE      branch to hold it against (main). On that branch itself nothing is compared
# RUNS      how many times the Test is run (10; at least 6)
# OUTPUT    directory for report.html, report.md and report.xml (meshery-report); those
#           of before are removed
# FAIL_ON   verdicts that fail: worse, inconclusive, or both with a comma; empty: none (worse)
# ALLOW     what may differ from the base, for compare (images)
# NAMESPACE of the agents (the plugin's default, meshery)
# DEPLOY    flags for 'kubectl meshery deploy', or "no" if the agents are there
#
# The archive is the plugin's: MESHERY_ARCHIVE and AWS_* in the environment, or the
# configuration (docs/archive.md). Exit code 3: something is worse. Exit code 4: too
# little was measured to say so, as where the target fails; that is no pass.
set -euo pipefail
set -f # what is in a variable is no pattern of file names

fail() {
	echo "Error: $2" >&2
	exit "$1"
}
need() { [ -n "${!1:-}" ] || fail 2 "$1 is not set: $2"; }
need TEST "give the file with the Test"
need BRANCH "give the name of what is measured, such as the git branch"
need COMMIT "give the commit that is measured"
BASE=${BASE:-main} RUNS=${RUNS:-10} OUTPUT=${OUTPUT:-meshery-report} FAIL_ON=${FAIL_ON-worse} ALLOW=${ALLOW-images} PULL_REQUEST=${PULL_REQUEST:-}
least=6 # valid runs on each side: fewer can show nothing
if ! [[ $RUNS =~ ^[1-9][0-9]{0,3}$ ]] || [ "$RUNS" -lt $least ]; then
	fail 2 "RUNS is \"$RUNS\": give a number of runs, at least $least"
fi
[[ $PULL_REQUEST =~ ^[0-9]*$ ]] || fail 2 "PULL_REQUEST is \"$PULL_REQUEST\": give its number"
# Three of four must be valid: a build that fails now and then would else be judged by
# its good runs.
enough=$((RUNS - RUNS / 4))
[ $enough -ge $least ] || enough=$least

# label makes a label of a name: letters, digits, '-', '_' and '.', 63 at most. A name
# that is no label gets its checksum, so that no other name becomes the same.
label() {
	local clean
	clean=$(printf %s "$1" | LC_ALL=C tr -c 'A-Za-z0-9_.-' '-' | cut -c1-52 | sed 's/^[-_.]*//; s/[-_.]*$//')
	[ "$clean" = "$1" ] || clean=${clean:+$clean-}$(printf %s "$1" | cksum | cut -d ' ' -f 1)
	printf %s "$clean"
}
at=(${NAMESPACE:+-n "$NAMESPACE"})
# shellcheck disable=SC2153 # COMMIT and commit are two
base=$(label "$BASE") commit=$(label "$COMMIT")
# The runs of this job and no others: a job that is started again measures anew.
measurement=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
labels=(--label "commit=$commit" --label "measurement=$measurement")
if [ -n "$PULL_REQUEST" ]; then
	labels+=(--label "branch=pr-$PULL_REQUEST" --label "pr=$PULL_REQUEST")
else
	labels+=(--label "branch=$(label "$BRANCH")")
fi
mkdir -p "$OUTPUT"
rm -f "$OUTPUT/report.html" "$OUTPUT/report.md" "$OUTPUT/report.xml"

if [ "${DEPLOY:-}" != no ]; then
	# shellcheck disable=SC2086 # several flags
	kubectl meshery deploy ${at[@]+"${at[@]}"} ${DEPLOY:-} >&2
fi

name=
for i in $(seq "$RUNS"); do
	echo "run $i of $RUNS" >&2
	status=0
	# An invalid run (4) is counted below; a threshold that failed (3) is in the report.
	name=$(kubectl meshery run ${at[@]+"${at[@]}"} -f "$TEST" "${labels[@]}" -o jsonpath='{.metadata.name}') || status=$?
	case $status in 0 | 3 | 4) ;; *) exit "$status" ;; esac
done

valid=$(kubectl meshery results list --label "measurement=$measurement" --valid --limit 0 -o name | wc -l)
little=
[ "$valid" -ge "$enough" ] || little="$((valid)) of $RUNS runs are valid, and $enough are needed: look at why the others are not, with 'kubectl meshery results list --label measurement=$measurement'"

if [ -z "$PULL_REQUEST" ] && [ "$BRANCH" = "$BASE" ]; then
	[ -z "$little" ] || fail 4 "$little"
	echo "measured $BASE: later branches are held against commit $commit" >&2
	exit 0
fi

# The newest measurement of the base branch with enough valid runs: not one that has
# just begun, or was cancelled, and no pull request.
last=$(kubectl meshery results list --name "$name" --label "branch=$base" --valid --limit 5000 \
	-o jsonpath='{range .items[*]}{.labels.measurement}{"\t"}{.labels.pr}{"\n"}{end}' |
	awk -F '\t' -v least=$least '$1 != "" && $2 == "" { if (!n[$1]++) order[++m] = $1 }
		END { for (i = 1; i <= m; i++) if (n[order[i]] >= least) { print order[i]; exit } }')
if [ -z "$last" ]; then
	text="No measurement of $name on $BASE with $least valid runs is in the archive: there is nothing to compare with yet."
	echo "$text" | tee "$OUTPUT/report.md" >&2
	[ -z "$little" ] || fail 4 "$little"
	exit 0
fi
status=0
kubectl meshery report "measurement=$last" "measurement=$measurement" --where "name=$name" \
	--title "$name: $BRANCH beside $BASE" --group-name "$BASE" --group-name "${PULL_REQUEST:+pull request $PULL_REQUEST: }$BRANCH" ${ALLOW:+--allow "$ALLOW"} --fail-on "${FAIL_ON:+$FAIL_ON,}too-few" \
	--output "$OUTPUT/report.html" --output "$OUTPUT/report.md" --output "$OUTPUT/report.xml" || status=$?
if [ -n "$little" ] && [ $status != 3 ]; then
	fail 4 "$little"
fi
exit $status
