#!/usr/bin/env bash
# Makes one folder to measure and test on a machine that has an NVIDIA driver and CUDA's libraries, and no JDK, no Maven, no network:
# a Java runtime, jars, tests, and a launcher. docs/gpu.md says how it is used.
#   deploy/bundle.sh [DIR]   DIR is replaced if it is a bundle; else it must not exist (default: deploy/target/bundle)
#   TUTTI_SKIP_BUILD         if set, takes what was built last
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

die() { printf 'bundle: %s\n' "$*" >&2; exit 1; }

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly root
readonly lib=$root/deploy/target/lib
readonly tests=$root/deploy/target/tests
readonly bundle=${1:-$root/deploy/target/bundle}

# The launcher's own search; it sets jdk.
jdk=
# shellcheck source=/dev/null
source <(sed -n '/^# --- the JDK -/,/^# --- the build -/p' "$root/tutti")
find_jdk || die "needs a JDK $WANTED and found none where ./tutti looks for one"

if [ -z "${TUTTI_SKIP_BUILD:-}" ]; then
  echo "building"
  (cd "$root" && JAVA_HOME=$jdk mvn -B -q -DskipTests -Dspotless.check.skip -pl deploy -am package)
fi
for built in "$lib" "$tests"; do
  [ -d "$built" ] || die "$built is missing, and TUTTI_SKIP_BUILD is set"
done

if [ -e "$bundle" ] && [ ! -d "$bundle/runtime" ]; then
  die "$bundle exists and is no bundle"
fi
rm -rf "$bundle"
mkdir -p "$bundle/lib" "$bundle/tests"

"$jdk/bin/jlink" --add-modules "$MODULES" --strip-java-debug-attributes --no-header-files --no-man-pages --compress zip-9 --output "$bundle/runtime"
# Symbols that only debuggers read.
if command -v strip >/dev/null; then
  strip --strip-unneeded "$bundle"/runtime/lib/server/libjvm.so
fi
for name in $JARS; do
  cp "$lib/$name"-[0-9]*.jar "$bundle/lib/" || die "there is no jar of $name in $lib"
done
cp "$tests"/*.jar "$bundle/tests/"
rm -f "$bundle/tests/$UNUSED_TESTS"-*.jar
cp "$root/deploy/bundle/tutti" "$bundle/tutti"

size=$(du -sk "$bundle" | cut -f 1)
printf '%s: %d.%d MiB (runtime %s, lib %s, tests %s KiB)\n' "$bundle" $((size / 1024)) $((size % 1024 * 10 / 1024)) \
  "$(du -sk "$bundle/runtime" | cut -f 1)" "$(du -sk "$bundle/lib" | cut -f 1)" "$(du -sk "$bundle/tests" | cut -f 1)"
[ "$size" -le "$MOST_KIB" ] || die "larger than $((MOST_KIB / 1024)) MiB"
