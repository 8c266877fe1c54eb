#!/usr/bin/env bash
# `make test`: sets itself up, then formatting, clippy, unit, integration and browser tests.
# Ends with one line over all of them; names each group that was skipped, with the reason.
cd "$(dirname "$0")/.." || exit 1
. scripts/announce.sh
. scripts/setup/packages.sh
. scripts/setup/timescaledb.sh
. scripts/setup/summary.sh

# Nothing of the caller's console may reach the tests.
while read -r variable; do
  case $variable in TIDEMARK_TEST_COMMUNITY_URL) ;; *) unset "$variable" ;; esac
done < <(compgen -e | grep -E '^(TIDEMARK|TIMESCALEDB)_' || true)

results=$(mktemp -d)
export TIDEMARK_TEST_SKIPS="$results/skips"
: >"$TIDEMARK_TEST_SKIPS"

for name in test outage; do
  cluster $name
  remove_cluster
done
end_clusters() {
  for name in test outage; do
    cluster $name
    remove_cluster
  done
  rm -rf "$results"
}
trap end_clusters EXIT

scripts/build.sh
setup_browser
scripts/lint.sh

cluster test
start_cluster
TIDEMARK_TEST_DATABASE_URL=$(cluster_url postgres postgres)
export TIDEMARK_TEST_DATABASE_URL
[ -n "${TIDEMARK_TEST_COMMUNITY_URL:-}" ] || export TIDEMARK_TEST_COMMUNITY_URL=

failed_steps=0

say "==> unit and integration tests"
# Four at once: each holds a database with TimescaleDB, and those share the server's background workers.
cargo test --release --locked -- --test-threads=4 2>&1 | tee "$results/cargo" | grep -E '^(test |     Running|SKIPPED|failures:|---- |error)' || true
[ "${PIPESTATUS[0]}" = 0 ] || failed_steps=$((failed_steps + 1))
[ $failed_steps = 0 ] || sed -n '/^failures:/,$p' "$results/cargo" | head -n 200

say "==> browser tests"
PLAYWRIGHT_JSON_OUTPUT_FILE="$results/playwright.json" npx --no-install playwright test --config end2end/playwright.config.ts \
  --reporter=list,json || failed_steps=$((failed_steps + 1))

summarise "$results" "$failed_steps"
