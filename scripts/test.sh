#!/usr/bin/env bash
# `make test`: sets itself up, then formatting, clippy, unit, integration and browser tests.
# Ends with one line over all of them; names each group that was skipped, with the reason.
cd "$(dirname "$0")/.." || exit 1
. scripts/announce.sh
. scripts/setup/packages.sh
. scripts/setup/timescaledb.sh
. scripts/setup/schemathesis.sh
. scripts/setup/summary.sh

# Nothing of the caller's console may reach the tests.
while read -r variable; do
  case $variable in TIDEMARK_TEST_COMMUNITY_URL) ;; *) unset "$variable" ;; esac
done < <(compgen -e | grep -E '^(TIDEMARK|TIMESCALEDB)_' || true)

results=$(mktemp -d)
export TIDEMARK_TEST_SKIPS="$results/skips"
: >"$TIDEMARK_TEST_SKIPS"

for name in test outage crash; do
  cluster $name
  remove_cluster
done
end_clusters() {
  for name in test outage crash; do
    cluster $name
    remove_cluster
  done
  rm -rf "$results"
}
trap end_clusters EXIT

failed_steps=0
: >"$results/cargo"

cluster test
begin_server_setup
scripts/build.sh || { summarise "$results" 1; exit 1; }
setup_browser
setup_schemathesis
scripts/lint.sh || failed_steps=$((failed_steps + 1))

start_cluster
TIDEMARK_TEST_DATABASE_URL=$(cluster_url postgres postgres)
export TIDEMARK_TEST_DATABASE_URL
[ -n "${TIDEMARK_TEST_COMMUNITY_URL:-}" ] || export TIDEMARK_TEST_COMMUNITY_URL=

say "==> unit and integration tests"
# Four at once: each holds a database with TimescaleDB, and those share the server's background workers.
set +e
cargo test --release --locked --no-fail-fast -- --test-threads=4 2>&1 | tee "$results/cargo" |
  grep -E '^(test |     Running|SKIPPED|error)'
status=${PIPESTATUS[0]}
set -e
if [ "$status" != 0 ]; then
  failed_steps=$((failed_steps + 1))
  sed -n '/^failures:/,/^test result/p' "$results/cargo" | { head -n 300; cat >/dev/null; }
fi

say "==> browser tests"
PLAYWRIGHT_JSON_OUTPUT_FILE="$results/playwright.json" npx --no-install playwright test --config end2end/playwright.config.ts \
  --reporter=list,json || failed_steps=$((failed_steps + 1))

summarise "$results" "$failed_steps"
