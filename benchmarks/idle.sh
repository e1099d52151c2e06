#!/usr/bin/env bash
# Counts the system calls that an idle store makes on its files, with strace: benchmarks/idle.sh [seconds, default 10].
# Fails when a store without durable subscriptions reads, writes or syncs, or makes more than 3 fcntl calls a second, or when all
# leases of the process together take more than one transaction per renewal interval. Without strace it says so and ends with 77.
set -euo pipefail
cd "$(dirname "$0")/.."
SECONDS_IDLE=${1:-10}
command -v strace >/dev/null || { echo "left out: there is no strace"; exit 77; }
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
PROGRAM=benchmarks/EventSourcing.LoadTests/bin/Release/net10.0/EventSourcing.LoadTests.dll
dotnet build -c Release --nologo -v quiet benchmarks/EventSourcing.LoadTests >"$WORK/build" || { cat "$WORK/build"; exit 1; }
strace -f -y -s 200 -e trace=%file,%desc -o "$WORK/calls" dotnet "$PROGRAM" idle --seconds "$SECONDS_IDLE" --dir "$WORK/data" >"$WORK/out" ||
  { cat "$WORK/out"; echo "left out: strace cannot trace here"; exit 77; }
head -n 3 "$WORK/out"
awk -v seconds="$SECONDS_IDLE" '
  function name(line) { sub(/^[0-9]+ +/, "", line); sub(/\(.*/, "", line); return line }
  /write\([0-9]+<.*"idle begins: / { phase++; what[phase] = $0; sub(/.*idle begins: /, "", what[phase]); sub(/(\\n)?".*/, "", what[phase]); counting = 1; next }
  /write\([0-9]+<.*"idle ends/ { counting = 0; next }
  !counting || / resumed>/ || !/idle-[0-9]+\.db/ { next }
  {
    call = name($0)
    if (call ~ /read/) reads[phase]++
    else if (call ~ /write|truncate/) writes[phase]++
    else if (call ~ /sync/) { syncs[phase]++; if (/\.db-wal>/) commits[phase]++ }
    else if (call ~ /fcntl/) locks[phase]++
    else others[phase]++
  }
  END {
    print "\n| idle with | read | write | fsync | of it commits | fcntl | fcntl/s | other |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for (p = 1; p <= phase; p++) {
      printf "| %s | %d | %d | %d | %d | %d | %.1f | %d |\n", what[p], reads[p], writes[p], syncs[p], commits[p], locks[p], locks[p] / seconds, others[p]
      if (what[p] ~ /lease transaction/) { match(what[p], /every [0-9.]+ s/); interval = substr(what[p], RSTART + 6, RLENGTH - 8); if (commits[p] < 1 || commits[p] > seconds / interval + 1) bad = 1 }
      else if (reads[p] + writes[p] + syncs[p] > 0 || locks[p] > 3 * seconds) bad = 1
    }
    if (phase != 3) bad = 1
    print bad ? "\n**missed**" : "\nmet"
    exit bad
  }' "$WORK/calls"
