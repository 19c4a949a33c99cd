#!/usr/bin/env bash
# Makes one folder to measure and test on a machine that has an NVIDIA driver and CUDA's libraries, and no JDK, no Maven, no network:
# a Java runtime, jars, tests, and a launcher. docs/gpu.md says how it is used.
set -euo pipefail
unset CDPATH

readonly WANTED=25
readonly MOST_KIB=$((60 * 1024))
# What 'bench step', 'bench kernels' and 'bench optimizer' load. oneDNN's library alone is 27 MB: without it the CPU backend runs its portable loops.
readonly JARS="benchmarks client config jackson-annotations jackson-core jackson-databind jspecify logback-classic logback-core node parameter-server picocli proto
  protobuf-java slf4j-api snakeyaml tensor-kernels worker"
# What the tests run without: AssertJ needs it for soft assertions only.
readonly UNUSED_TESTS=byte-buddy
readonly MODULES=java.base,java.logging,java.management,java.naming,java.xml,jdk.unsupported
# Only a folder with this file in it is replaced, and only if all else in it is a bundle's.
readonly MARKER=.tutti-bundle
readonly CONTENTS=". .. $MARKER runtime lib tests tutti"

say() { printf 'bundle: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

usage() {
  cat <<'USAGE'
usage: deploy/bundle.sh [DIR]
Builds Tutti, which takes some minutes, and makes the bundle DIR (default: deploy/target/bundle). DIR must be absent, empty, or a bundle, which is
replaced once the new one is complete.
  TUTTI_SKIP_BUILD   if set, takes what was built last
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly root
readonly lib=$root/deploy/target/lib
readonly tests=$root/deploy/target/tests
readonly log=$root/deploy/target/bundle-build.log

case ${1:-} in
  --help | -h)
    usage
    exit
    ;;
  -*)
    say "unknown option '$1'"
    usage >&2
    exit 2
    ;;
esac
if [ $# -gt 1 ]; then
  say "unexpected argument '$2'"
  usage >&2
  exit 2
fi

# --- where it goes ---------------------------------------------------------------------------------------------------

# The folder itself, whatever links lead to it.
resolved() {
  local parent
  if [ -d "$1" ]; then
    (cd "$1" && pwd -P)
  elif [ -e "$1" ] || [ -L "$1" ]; then
    die "$1 is no folder"
  else
    parent=$(dirname "$1")
    mkdir -p "$parent" && parent=$(cd "$parent" && pwd -P) && printf '%s/%s\n' "${parent%/}" "$(basename "$1")"
  fi
}

# That nothing is lost if it is replaced.
require_replaceable() {
  local file name
  [ -d "$bundle" ] && [ -n "$(ls -A "$bundle")" ] || return 0
  [ -f "$bundle/$MARKER" ] || die "$bundle exists and is no bundle: name another folder"
  for file in "$bundle"/* "$bundle"/.*; do
    name=${file##*/}
    case " $CONTENTS " in
      *" $name "*) ;;
      *) die "$bundle has a file that is no part of a bundle: move $name elsewhere, or name another folder" ;;
    esac
  done
}

# In the end there is the new bundle, or what was there before.
clean_up() {
  if [ -e "$before" ]; then
    [ -e "$bundle" ] || mv "$before" "$bundle"
    rm -rf "$before"
  fi
  rm -rf "$partial"
}

bundle=$(resolved "${1:-$root/deploy/target/bundle}")
readonly bundle
readonly partial=$bundle.partial-$$
readonly before=$bundle.before-$$
require_replaceable
trap clean_up EXIT
mkdir "$partial"

# --- what goes into it -----------------------------------------------------------------------------------------------

# The launcher's own search, which sets jdk, and how it runs what a signal must end.
jdk=
# shellcheck source=/dev/null
source <(sed -n -e '/^# --- the JDK -/,/^# --- the build -/p' -e '/^run() {/,/^}/p' -e '/^interrupted() {/,/^}/p' "$root/tutti")
trap 'set +e; interrupted' HUP INT TERM
find_jdk || die "needs a JDK $WANTED and found none where ./tutti looks for one"

# As the launcher builds, but with the tests.
maven() {
  export JAVA_HOME=$jdk
  cd "$root" && exec mvn -B -q -DskipTests -Dspotless.check.skip -Dtutti.werror=-Xdiags:verbose -pl deploy -am package
}

# Jars that are the same as before get their old dates: the launcher's cache for fast starts stands by these.
restore_dates() {
  local jar old
  for jar in "$lib"/*.jar; do
    old=$partial/before/${jar##*/}
    if cmp -s "$jar" "$old"; then
      touch -r "$old" "$jar"
    fi
  done
  rm -rf "$partial/before"
}

if [ -z "${TUTTI_SKIP_BUILD:-}" ]; then
  command -v mvn >/dev/null || die "needs to build, and there is no mvn on the PATH: install Maven 3.8 or newer"
  say "building, with the tests: some minutes (the log is deploy/target/bundle-build.log)"
  mkdir -p "${log%/*}"
  if [ -d "$lib" ]; then
    cp -pR "$lib" "$partial/before"
  fi
  if ! run maven >"$log" 2>&1; then
    grep -E '^\[ERROR\]|error:' "$log" | head -30 >&2
    die "the build failed; all of it is in $log"
  fi
  restore_dates
fi
for built in "$lib" "$tests"; do
  [ -d "$built" ] || die "there is no $built: run this without TUTTI_SKIP_BUILD, or 'mvn -DskipTests -pl deploy -am package' first"
done

: >"$partial/$MARKER"
mkdir "$partial/lib" "$partial/tests"
"$jdk/bin/jlink" --add-modules "$MODULES" --strip-java-debug-attributes --no-header-files --no-man-pages --compress zip-9 --output "$partial/runtime"
# Symbols that only debuggers read.
if command -v strip >/dev/null; then
  strip --strip-unneeded "$partial"/runtime/lib/server/libjvm.so
fi
for name in $JARS; do
  cp "$lib/$name"-[0-9]*.jar "$partial/lib/" || die "there is no jar of $name in $lib"
done
cp "$tests"/*.jar "$partial/tests/"
rm -f "$partial/tests/$UNUSED_TESTS"-*.jar
cp "$root/deploy/bundle/tutti" "$partial/tutti"

size=$(du -sk "$partial" | cut -f 1)
sizes=$(printf '%d.%d MiB (runtime %s, lib %s, tests %s KiB)' $((size / 1024)) $((size % 1024 * 10 / 1024)) \
  "$(du -sk "$partial/runtime" | cut -f 1)" "$(du -sk "$partial/lib" | cut -f 1)" "$(du -sk "$partial/tests" | cut -f 1)")
[ "$size" -le "$MOST_KIB" ] || die "$sizes is larger than $((MOST_KIB / 1024)) MiB"

# Something may have been put there since.
require_replaceable
if [ -e "$bundle" ]; then
  mv "$bundle" "$before"
fi
mv "$partial" "$bundle"
rm -rf "$before"
printf '%s: %s\n' "$bundle" "$sizes"
