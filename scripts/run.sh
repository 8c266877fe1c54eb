#!/usr/bin/env bash
# `make run`: everything from nothing to a console with the factory demo in front of you.
cd "$(dirname "$0")/.." || exit 1
. scripts/announce.sh
. scripts/setup/packages.sh
. scripts/setup/timescaledb.sh

has_own_configuration() {
  [ -n "${TIDEMARK_DATABASE_URL:-}${TIDEMARK_DATABASE_URL_FILE:-}${TIDEMARK_CONFIG:-}" ] || [ -e tidemark.toml ] ||
    compgen -e | grep -qE '^TIDEMARK_DATABASES_.*_URL(_FILE)?$'
}

if ! has_own_configuration; then
  cluster demo
  begin_server_setup
fi
scripts/build.sh
console="${CARGO_TARGET_DIR:-target}/release/tidemark"

load_demo() {
  # Loading is all or nothing, so the last table's presence says that all are there.
  "$console" demo load
}

streaming=
if has_own_configuration; then
  say "==> using the database that the configuration names; nothing is started and no demo data are loaded"
else
  start_cluster
  has_demo_database || step "the demo database" create_demo_database
  TIDEMARK_DATABASE_URL=$(cluster_url tidemark factory)
  TIDEMARK_DATABASE_CHANGE_URL=$(cluster_url factory factory)
  export TIDEMARK_DATABASE_URL TIDEMARK_DATABASE_CHANGE_URL
  if [ "$(cluster_sql -d factory -Atc "select to_regclass('public.production_kpis') is null")" = t ]; then
    step "the factory demo (some 2.7 million rows)" load_demo
  fi
  # What the demo's tables should have, so that there is something to compare; unless the caller says so.
  if ! compgen -e | grep -q '^TIMESCALEDB_'; then
    export TIMESCALEDB_COMPRESSION_ENABLED=true TIMESCALEDB_COMPRESSION_AFTER="7 days" \
      TIMESCALEDB_RETENTION_POLICY="90 days" TIMESCALEDB_MAX_BACKGROUND_WORKERS=8 \
      TIMESCALEDB_CHUNK_TIME_INTERVAL="1 day" TIMESCALEDB_CHUNK_TIME_INTERVAL_METRIC_HIST="1 hour" \
      TIMESCALEDB_CHUNK_TIME_INTERVAL_OEE="1 day" TIMESCALEDB_RETENTION_POLICY_METRIC_HIST="90 days" \
      TIMESCALEDB_RETENTION_POLICY_OEE="365 days"
  fi
  streaming=yes
fi

address="http://$("$console" check-config | awk '$1 == "listen" { print $2 }')"

# Whatever this started in the foreground ends with it; the private database goes on until `make db-stop`.
children=()
end_children() {
  trap - INT TERM EXIT
  [ ${#children[@]} = 0 ] || kill -TERM "${children[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
}
trap 'end_children; exit 130' INT
trap 'end_children; exit 143' TERM
trap end_children EXIT

if [ -n "$streaming" ]; then
  "$console" demo stream &
  children+=($!)
fi
"$console" serve &
console_pid=$!
children+=("$console_pid")

for _ in $(seq 150); do
  sleep 0.2
  # An older console on the same port would answer for this one, which has ended by then.
  kill -0 "$console_pid" 2>/dev/null || break
  if curl -fsS -o /dev/null "$address/health" 2>/dev/null; then
    say ""
    say "    Tidemark is at $address"
    say "    First time: open the setup link above and choose a name and a password."
    say "    Later: sign in with them. Forgotten: $console user passwd NAME"
    say "    Ctrl-C ends the console. The private database stays; make db-stop stops it, make clean-db removes it."
    say ""
    break
  fi
done
wait "$console_pid"
