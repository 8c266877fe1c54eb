#!/usr/bin/env bash
# Benchmarks: prints, never fails on a time.
cd "$(dirname "$0")/.." || exit 1
. scripts/announce.sh

while read -r variable; do
  case $variable in TIDEMARK_BENCH_*) ;; *) unset "$variable" ;; esac
done < <(compgen -e | grep -E '^(TIDEMARK|TIMESCALEDB)_' || true)

scripts/build.sh
say "==> sign-ins far above what can be hashed (two minutes)"
cargo bench --locked --package server --bench login_flood
