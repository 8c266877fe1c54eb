#!/usr/bin/env bash
# Formatting and clippy, warnings denied. Clippy has a target directory of its own: it must not disturb the build's.
cd "$(dirname "$0")/.." || exit 1
. scripts/announce.sh

step "formatting" cargo fmt --all --check
step "clippy" cargo clippy --locked --all-targets --target-dir "${CARGO_TARGET_DIR:-target}/clippy" -- -D warnings
