#!/usr/bin/env bash
# Checks the Go code of every module in the repository. Needs bin/staticcheck.
set -euo pipefail
cd "$(dirname "$0")/.."

# The flags of the Makefile, so that what is compiled here is used there again.
export CGO_ENABLED=0 GOFLAGS='-trimpath -buildvcs=false'

unformatted=$(find . -name '*.go' -not -path '*/testdata/*' -exec gofmt -l {} +)
if [ -n "$unformatted" ]; then
	printf 'not formatted, run gofmt -w on:\n%s\n' "$unformatted" >&2
	exit 1
fi

go run -C build ./dependencies

# Those of tests that some target of the Makefile runs.
tags=e2e,cluster,soak,size,verdicts

# Some go.mod files only pin programs that are built from elsewhere.
while read -r module; do
	[ -n "$(find "$module" -name '*.go' -print -quit)" ] || continue
	echo "lint $module"
	(cd "$module" && go vet -tags "$tags" ./... && "$OLDPWD/bin/staticcheck" -tags "$tags" ./...)
done < <(find . -name go.mod -not -path './tools/*' -printf '%h\n' | sort)
