#!/bin/sh
# Installs what this machine lacks. Each step looks first, says in one line what it does, and is quick
# when nothing is missing.
#
#   .ci/deps.sh postgres     PostgreSQL's programs, for the private database
#   .ci/deps.sh chromium     Chromium and a font for Chinese and Japanese, for browser tests
#   .ci/deps.sh cc           a C compiler, which the race detector needs
#   .ci/deps.sh curl         curl, for the command lines of the documentation
#   .ci/deps.sh npm DIR      the npm packages DIR/package-lock.json names
#   .ci/deps.sh path         prints the directories of programs installed for this user only
#
# As root, or with sudo that asks no password, Debian's packages are installed. Otherwise the same
# packages are downloaded and unpacked below the user's cache directory, where adapters/pgembed and
# the Makefile find them; nothing outside it is touched.
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/101pay

say() { printf 'deps: %s\n' "$*"; }
die() { printf 'deps: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# as_root runs a command as root, or fails if nobody lets us.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif has sudo && sudo -n true 2>/dev/null; then
		sudo -n "$@"
	else
		return 1
	fi
}

# quietly shows a command's output only if it fails.
quietly() {
	log=$(mktemp)
	if "$@" >"$log" 2>&1; then
		rm -f "$log"
	else
		cat "$log" >&2
		rm -f "$log"
		return 1
	fi
}

# install PACKAGE... system-wide, refreshing the package lists once if they are stale or absent.
install() {
	set -- env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
		-o Acquire::Retries=3 install --no-install-recommends "$@"
	as_root "$@" >/dev/null 2>&1 || {
		quietly as_root apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update || true
		quietly as_root "$@"
	}
}

# apt runs apt-get with lists of our own: those of the system may be absent, and are root's.
apt() {
	apt-get -q -o Dir::State::lists="$new/apt/lists" -o Dir::Cache="$new/apt" \
		-o Dir::State::status=/var/lib/dpkg/status -o Acquire::Retries=3 -o Debug::NoLocking=1 "$@"
}

# unpack NAME SKIP PACKAGE... fills $cache/NAME/root with the packages and whatever they need that the
# system has not, except those the pattern SKIP names.
unpack() {
	name=$1 skip=$2
	shift 2
	has apt-get && has dpkg ||
		die "cannot install $* without root on a system other than Debian: install it and try again"
	for left in "$cache/$name".new.*; do # by a run that was killed
		kill -0 "${left##*.}" 2>/dev/null || rm -rf "$left"
	done
	new=$cache/$name.new.$$
	trap 'rm -rf "$new"' EXIT
	trap 'exit 1' INT TERM HUP
	mkdir -p "$new/debs" "$new/apt/lists/partial" "$new/apt/archives/partial"
	quietly apt update || true # one dead source of many is no reason to stop: the next line decides
	apt -s install --no-install-recommends "$@" >"$new/plan" || die "no package source has $*"
	wanted=$(awk -v skip="^($skip)" '$1 == "Inst" && $2 !~ skip { print $2 }' "$new/plan")
	[ -n "$wanted" ] || die "$* is installed but does not work; ask the administrator to reinstall it"
	# shellcheck disable=SC2086 # a list
	(cd "$new/debs" && quietly apt download $wanted) || die "download of $* failed"
	for deb in "$new"/debs/*.deb; do
		dpkg -x "$deb" "$new/root"
	done
	rm -rf "$new/debs" "$new/apt" "$new/plan"
}

# finish NAME puts what unpack prepared into place.
finish() {
	rm -rf "${cache:?}/$1"
	mv -T "$new" "$cache/$1"
	trap - EXIT INT TERM HUP
}

# libraries PREFIX is the search path for the new tree's shared libraries once it stands at PREFIX.
libraries() {
	for dir in "$new"/root/usr/lib/*-linux-gnu* "$new"/root/usr/lib/*-linux-gnu*/pulseaudio \
		"$new"/root/lib/*-linux-gnu*; do
		[ ! -d "$dir" ] || printf '%s:' "$1${dir#"$new"}"
	done | sed 's/:$//' # an empty last entry would mean the current directory
}

# wrap NAME PROGRAM LINES writes an executable $cache/NAME/bin/PROGRAM that runs the tree's PROGRAM with
# the tree's libraries; LINES of shell go before.
wrap() {
	name=$1 program=$2 lines=${3-}
	wrapper=$new/bin/${program##*/}
	mkdir -p "$new/bin"
	{
		printf '#!/bin/sh\n'
		printf 'export LD_LIBRARY_PATH="%s${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"\n' \
			"$(libraries "$cache/$name")"
		[ -z "$lines" ] || printf '%s\n' "$lines"
		printf 'exec "%s/root%s" "$@"\n' "$cache/$name" "$program"
	} >"$wrapper"
	chmod +x "$wrapper"
}

# whole BINARY makes sure that the system and the new tree have all libraries a program needs.
whole() {
	missing=$(LD_LIBRARY_PATH=$(libraries "$new") ldd "$1" | awk '/not found/ { print $1 }')
	[ -z "$missing" ] || die "${1#"$new/root"} misses" $missing
}

postgres_works() {
	for dir in "${PG_BIN-}" "$(dirname "$(readlink -f "$(command -v postgres || echo /)")")" \
		/usr/lib/postgresql/*/bin /usr/pgsql-*/bin "$cache/postgresql/bin"; do
		if [ -x "$dir/postgres" ] && [ -x "$dir/initdb" ] && "$dir/postgres" --version >/dev/null 2>&1; then
			return 0
		fi
		[ -z "${PG_BIN-}" ] || return 1 # as pgembed: PG_BIN, when set, is the only one asked
	done
	return 1
}

need_postgres() {
	! postgres_works || return 0
	[ -z "${PG_BIN-}" ] || die "PG_BIN=$PG_BIN holds no PostgreSQL programs: correct or unset it"
	if as_root true; then
		say "installing PostgreSQL"
		install postgresql || die "PostgreSQL was not installed: install it, or set DATABASE_URL"
	else
		say "unpacking PostgreSQL into $cache/postgresql"
		# Left out: the compiler for JIT, which is larger than all the rest, and what only serves
		# Debian's own scripts.
		unpack postgresql 'libllvm|libz3|lib.*-perl|perl|libperl|ssl-cert|adduser|netbase|sysstat|debconf' postgresql
		rm -rf "$new"/root/usr/lib/postgresql/*/lib/llvmjit* "$new"/root/usr/lib/postgresql/*/lib/bitcode
		for program in "$new"/root/usr/lib/postgresql/*/bin/*; do
			wrap postgresql "${program#"$new/root"}"
		done
		whole "$new"/root/usr/lib/postgresql/*/bin/postgres
		whole "$new"/root/usr/lib/postgresql/*/bin/initdb
		finish postgresql
	fi
	postgres_works || die "PostgreSQL is installed but does not run"
}

chromium_works() { has chromium || [ -x "$cache/chromium/bin/chromium" ]; }
# cjk_font looks for letters instead of languages: a font that has them need not have all of a language.
cjk_font() { has fc-list && [ -n "$(fc-list ':charset=3042 4ed8' file)" ]; }

need_chromium() {
	if as_root true; then
		if ! chromium_works || ! cjk_font; then
			say "installing Chromium and a font"
			install chromium fontconfig fonts-droid-fallback || die "Chromium was not installed"
		fi
	elif ! chromium_works; then
		say "unpacking Chromium into $cache/chromium"
		# Left out: drivers of graphic cards with their compiler, desktop icons and system services.
		unpack chromium 'libllvm|libz3|libgl1-mesa-dri|adwaita|x11-|procps|dbus|dmsetup|.*systemd' \
			chromium fontconfig-config fonts-droid-fallback
		mkdir -p "$new/fonts"
		cat >"$new/fonts/fonts.conf" <<-END
			<?xml version="1.0"?>
			<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
			<fontconfig>
			  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
			  <dir>$cache/chromium/root/usr/share/fonts</dir>
			  <cachedir>$cache/chromium/fonts/cache</cachedir>
			</fontconfig>
		END
		wrap chromium /usr/lib/chromium/chromium \
			"export FONTCONFIG_FILE=\"$cache/chromium/fonts/fonts.conf\""
		whole "$new/root/usr/lib/chromium/chromium"
		finish chromium
	fi
	chromium_works || die "Chromium is installed but not found"
}

need_cc() {
	! has gcc && [ ! -x "$cache/cc/bin/gcc" ] || return 0
	if as_root true; then
		say "installing a C compiler"
		install gcc libc6-dev || die "gcc was not installed"
		return 0
	fi
	say "unpacking a C compiler into $cache/cc"
	unpack cc 'libc-dev-bin|manpages' gcc libc6-dev
	# The C library itself is the system's; the linker looks for it inside the tree.
	for lib in libc.so.6 libm.so.6 libmvec.so.1 libgcc_s.so.1 ld-linux-x86-64.so.2 ld-linux-aarch64.so.1; do
		for at in /lib/*-linux-gnu*/"$lib" /lib*/"$lib"; do
			[ ! -e "$at" ] || { mkdir -p "$new/root${at%/*}" && ln -sf "$at" "$new/root$at"; }
		done
	done
	wrap cc /usr/bin/gcc "set -- --sysroot=\"$cache/cc/root\" \"\$@\"
export PATH=\"$cache/cc/root/usr/bin:\$PATH\""
	finish cc
}

need_curl() {
	! has curl && [ ! -x "$cache/curl/bin/curl" ] || return 0
	if as_root true; then
		say "installing curl"
		install curl ca-certificates || die "curl was not installed"
		return 0
	fi
	say "unpacking curl into $cache/curl"
	unpack curl 'perl|openssl|krb5-locales|publicsuffix' curl
	wrap curl /usr/bin/curl
	whole "$new/root/usr/bin/curl"
	finish curl
}

# need_npm DIR installs exactly what the lock file says, unless that was done already.
need_npm() {
	[ -f "$1/package-lock.json" ] || return 0
	has npm || die "npm is missing: install Node.js"
	want="$(cksum <"$1/package-lock.json") $(node --version)"
	[ "$(cat "$1/node_modules/.installed" 2>/dev/null)" != "$want" ] || return 0
	say "installing npm packages in $1"
	(cd "$1" && quietly npm ci --no-audit --no-fund) || die "npm ci failed in $1"
	printf '%s\n' "$want" >"$1/node_modules/.installed"
}

case ${1-} in
postgres | chromium | cc | curl) "need_$1" ;;
npm) need_npm "${2:?which directory?}" ;;
path) printf '%s\n' "$cache/postgresql/bin:$cache/chromium/bin:$cache/cc/bin:$cache/curl/bin" ;;
*) die "usage: .ci/deps.sh postgres | chromium | cc | curl | npm DIR | path" ;;
esac
