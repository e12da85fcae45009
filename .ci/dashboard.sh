#!/bin/sh
# Builds and checks the dashboard's page. Quick when nothing has changed.
#
#   .ci/dashboard.sh build   what the binary embeds, unless it was built of these very sources
#   .ci/dashboard.sh check   types against schema.graphql, words, unit tests
set -eu
cd "$(dirname "$0")/.."
ui=adapters/dashboard/ui built=adapters/dashboard/dist/.built

# sources is one line that changes with anything the page is made of.
sources() {
	{
		node --version
		find "$ui" adapters/hosted/assets/tokens.css \( -name node_modules -o -name build -o -name tests \
			-o -name schema.d.ts \) -prune -o -type f -print | LC_ALL=C sort | tr '\n' '\0' | xargs -0 cksum
	} | cksum
}

.ci/deps.sh npm "$ui"
case ${1-} in
build)
	want=$(sources)
	[ "$(cat "$built" 2>/dev/null)" != "$want" ] || exit 0
	echo "dashboard: building the page"
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	(cd "$ui" && npm run --silent build) >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
	printf '%s\n' "$want" >"$built"
	;;
check)
	cd "$ui"
	npm run --silent check
	npm run --silent test
	;;
*) echo "usage: .ci/dashboard.sh build | check" >&2; exit 1 ;;
esac
