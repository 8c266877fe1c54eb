#!/usr/bin/env bash
# `make bench`: prints figures beside their targets. Never fails on a figure, only where something did not work.
# `make bench ONLY=collect,pages` runs some of it.
cd "$(dirname "$0")/.." || exit 1
. scripts/announce.sh
. scripts/setup/packages.sh
. scripts/setup/timescaledb.sh

parts=(collect pages preview first_load lighthouse sign_in history)
only=${ONLY:-}
only=${only// /,}
for part in ${only//,/ }; do
  [[ " ${parts[*]} " == *" $part "* ]] || fail "ONLY=$part: there is no such part; there is: ${parts[*]}"
done
wants() { [ -z "$only" ] || [[ ",$only," == *",$1,"* ]]; }
wants_catalogs() { wants collect || wants pages || wants preview || wants first_load || wants lighthouse; }

while read -r variable; do
  case $variable in TIDEMARK_BENCH_*) ;; *) unset "$variable" ;; esac
done < <(compgen -e | grep -E '^(TIDEMARK|TIMESCALEDB)_' || true)

# 500 viewers hold two connections each, on either side.
ulimit -Sn "$(ulimit -Hn)" || true

# The catalogs are built by the first part that wants them and live as long as this does; on a server of the caller's
# own (TIDEMARK_BENCH_SERVER_URL, a superuser) they stay for the next time.
cluster bench
if wants_catalogs && [ -z "${TIDEMARK_BENCH_SERVER_URL:-}" ]; then
  begin_server_setup
  # One that an earlier run left behind may hold half a catalog.
  remove_cluster
  trap 'cluster bench; remove_cluster' EXIT
fi

scripts/build.sh
! wants pages || setup_load_generator
if wants first_load || wants lighthouse; then setup_browser; fi
if wants_catalogs && [ -z "${TIDEMARK_BENCH_SERVER_URL:-}" ]; then
  start_cluster
  TIDEMARK_BENCH_SERVER_URL=$(cluster_url postgres postgres)
  export TIDEMARK_BENCH_SERVER_URL
fi

broken=()
# part NAME TITLE COMMAND…
part() {
  local name=$1
  wants "$name" || return 0
  say ""
  say "==> $2"
  "${@:3}" || broken+=("$name")
}

part collect "reading 1,000, 20,000 and 100,000 chunks, beside TimescaleDB's own functions" \
  cargo bench --locked --package backend --bench collect
part pages "pages, viewers and the wire over 100,000 chunks" \
  cargo bench --locked --package server --bench pages
part preview "previewing a policy for a table of 20,000 chunks" \
  cargo bench --locked --package server --bench preview
part first_load "what a first visit fetches" \
  cargo bench --locked --package server --bench browser -- first_load
part lighthouse "Lighthouse on the Overview and on a hypertable with 1,000 chunks" \
  cargo bench --locked --package server --bench browser -- lighthouse
part sign_in "sign-ins far above what can be hashed (two minutes)" \
  cargo bench --locked --package server --bench login_flood
part history "what history costs on SQLite" \
  cargo bench --locked --package backend --bench history

[ ${#broken[@]} = 0 ] || fail "did not work: ${broken[*]}"
