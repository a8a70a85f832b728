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
# RUNS      how many times the Test is run (10; 6 to 500)
# OUTPUT    directory for report.html, report.md and report.xml (meshery-report); those
#           of before are removed. Where nothing could be compared, report.md says why
# FAIL_ON   verdicts that fail: worse, inconclusive, or both with a comma; empty: none (worse)
# ALLOW     what may differ from the base, for compare (images)
# NAMESPACE of the agents (the plugin's default, meshery)
# DEPLOY    flags for 'kubectl meshery deploy', or "no" if the agents are there
#
# The archive is the plugin's: MESHERY_ARCHIVE and AWS_* in the environment, or the
# configuration (docs/archive.md). Exit code 3: something is worse. Exit code 4: too
# little was measured to say so, as where the target fails; that is no pass. Exit code
# 1: nothing was measured, as where the target does not answer at all, or the two sides
# cannot be compared.
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
least=6  # valid runs on each side: fewer can show nothing
most=500 # that a report reads on each side
if ! [[ $RUNS =~ ^[1-9][0-9]{0,3}$ ]] || [ "$RUNS" -lt $least ] || [ "$RUNS" -gt $most ]; then
	fail 2 "RUNS is \"$RUNS\": give a number of runs from $least to $most"
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

# say is report.md where there is no better one: else the comment on an earlier commit
# would stand there as if it were of this one.
subject=${PULL_REQUEST:+pull request $PULL_REQUEST: }$BRANCH
short() { printf %.12s "$1"; }
# Who opens a pull request chooses the names in it: they are shown as code.
# shellcheck disable=SC2016 # these are no commands
say() { printf '`%s` at %s is not compared with `%s`. %s\n' "${subject//\`/}" "$(short "$COMMIT")" "${BASE//\`/}" "$1" >"$OUTPUT/report.md"; }
of_base() { [ -z "$PULL_REQUEST" ] && [ "$BRANCH" = "$BASE" ]; }
of_base || say "Measuring it did not come to its end: the job's log says why."

if [ "${DEPLOY:-}" != no ]; then
	# shellcheck disable=SC2086 # several flags
	kubectl meshery deploy ${at[@]+"${at[@]}"} ${DEPLOY:-} >&2
fi

name='' broken=''
for i in $(seq "$RUNS"); do
	echo "run $i of $RUNS" >&2
	status=0
	# An invalid run (4) is counted below; a threshold that failed (3) is in the report.
	ran=$(kubectl meshery run ${at[@]+"${at[@]}"} -f "$TEST" "${labels[@]}" -o jsonpath='{.metadata.name}') || status=$?
	name=${ran:-$name}
	case $status in
	0 | 3 | 4) continue ;;
	1) ;;
	*) exit "$status" ;;
	esac
	# What was measured before is not lost: the report is of it.
	[ -n "$name" ] || exit 1
	broken="run $i of $RUNS ended with an error, and no other was tried: "
	break
done

valid=$(kubectl meshery results list --label "measurement=$measurement" --valid --limit 0 -o name | wc -l)
little=
[ -z "$broken" ] && [ "$valid" -ge "$enough" ] || little="$broken$((valid)) of $RUNS runs are valid, and $enough are needed: look at why the others are not, with 'kubectl meshery results list --label measurement=$measurement'"

if of_base; then
	[ -z "$little" ] || fail 4 "$little"
	echo "measured $BASE: later branches are held against commit $commit" >&2
	exit 0
fi

# The newest measurement of the base branch with enough valid runs: not one that has
# just begun, or was cancelled, and no pull request.
found=$(kubectl meshery results list --name "$name" --label "branch=$base" --valid --limit 5000 \
	-o jsonpath='{range .items[*]}{.labels.measurement}{"\t"}{.labels.pr}{"\t"}{.labels.commit}{"\n"}{end}' |
	awk -F '\t' -v least=$least '$1 != "" && $2 == "" { if (!n[$1]++) { order[++m] = $1; commit[m] = $3 } }
		END { for (i = 1; i <= m; i++) if (n[order[i]] >= least) { print order[i], commit[i]; exit } }')
read -r last before <<<"$found" || true
if [ -z "$last" ]; then
	text="No measurement of $name on $BASE with $least valid runs is in the archive: there is nothing to compare with yet."
	say "$text"
	echo "$text" >&2
	[ -z "$little" ] || fail 4 "$little"
	exit 0
fi
status=0
kubectl meshery report "measurement=$last" "measurement=$measurement" --where "name=$name" \
	--title "$name: $BRANCH at $(short "$COMMIT") beside $BASE at $(short "$before")" --group-name "$BASE" --group-name "$subject" \
	${ALLOW:+--allow "$ALLOW"} --fail-on "${FAIL_ON:+$FAIL_ON,}too-few" \
	--output "$OUTPUT/report.html" --output "$OUTPUT/report.md" --output "$OUTPUT/report.xml" || status=$?
if [ -n "$little" ] && [ $status != 3 ]; then
	fail 4 "$little"
fi
exit $status
