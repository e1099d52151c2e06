#!/usr/bin/env bash
# Writes each package's PublicAPI.Unshipped.txt anew from a clean build. Run it after an intended change, then read the diff.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp); trap 'rm -f "$log"' EXIT
for proj in src/*/*.csproj; do
  dir=$(dirname "$proj"); file=$dir/PublicAPI.Unshipped.txt; [ -f "$file" ] || continue
  echo '#nullable enable' > "$file"
  dotnet build "$proj" -c Release --nologo --no-incremental -p:TreatWarningsAsErrors=false >"$log" 2>&1 || { grep -E ': error' "$log"; exit 1; }
  { echo '#nullable enable'
    { grep -oE "$(basename "$dir")/[^:]*: warning RS0016: Symbol '.*' is not part" "$log" || true; } \
      | sed -E "s/.*RS0016: Symbol '(.*)' is not part/\1/" | LC_ALL=C sort -u; } > "$file.new"
  mv "$file.new" "$file"
  echo "$dir: $(( $(wc -l < "$file") - 1 )) unshipped symbols"
done
