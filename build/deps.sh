#!/usr/bin/env bash
# Makes sure that the programs are there which the tests and the test cluster
# need besides Go; as "deps.sh cluster" only what the cluster needs, and as "deps.sh
# bench" what make bench needs. On Debian and as root it installs what is missing.
set -euo pipefail

# Program or file that shows that a package is there, and the package.
needed='gcc gcc
/usr/include/stdlib.h libc6-dev
git git'
if [ "$(uname -s)" = Linux ]; then
	# The test cluster: runc is built with seccomp, kube-proxy and the CNI plugins
	# run iptables, and pods get their addresses through ip.
	needed="$needed
pkg-config pkg-config
/usr/include/seccomp.h libseccomp-dev
ip iproute2
iptables iptables
mount mount
unshare util-linux"
elif [ "$(uname -s)" = Darwin ]; then
	needed='cc xcode-select
git git'
fi

# Reports are opened in a browser, and the archive's tables by a SQL engine, from
# Node.js. One that is there and has npm with it is left alone.
if [ "${1:-}" != cluster ]; then
	needed="$needed
node nodejs
npm npm"
	if [ "$(uname -s)" = Linux ]; then
		needed="$needed
chromium chromium
/usr/share/fonts/truetype/liberation fonts-liberation"
	fi
fi

# Load generators to compare with. nginx is unpacked rather than installed, which
# would start it, and the others are built from Go modules.
if [ "${1:-}" = bench ]; then
	needed='wrk wrk
hey hey
h2load nghttp2-client'
fi

missing=()
PATH="$PATH:/usr/sbin:/sbin"
while read -r sign package; do
	case $sign in
	/*) [ -e "$sign" ] || missing+=("$package") ;;
	*) command -v "$sign" >/dev/null || missing+=("$package") ;;
	esac
done <<<"$needed"

debian() { command -v apt-get >/dev/null && command -v dpkg >/dev/null; }

# The test cluster takes Prometheus out of its Debian package, without
# installing it; for that apt must know where the package is.
lists() { apt-cache show prometheus >/dev/null 2>&1; }

if debian && [ "$(id -u)" = 0 ]; then
	if [ ${#missing[@]} -gt 0 ] || ! lists; then
		apt-get update -q
	fi
	if [ ${#missing[@]} -gt 0 ]; then
		DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
	fi
elif [ ${#missing[@]} -gt 0 ]; then
	echo "missing: ${missing[*]}" >&2
	if debian; then
		echo "install them: sudo apt-get install ${missing[*]}" >&2
	else
		echo "these are the names of the Debian packages; install what your system calls them" >&2
	fi
	exit 1
fi
