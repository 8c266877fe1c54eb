#!/usr/bin/env bash
# Builds what `make run` and `make test` need: the front end into target/site, the console into target/release.
cd "$(dirname "$0")/.." || exit 1
. scripts/announce.sh
. scripts/setup/packages.sh
. scripts/setup/wasm.sh
. scripts/setup/leptos.sh

setup_build_packages
setup_wasm
setup_node_modules
setup_leptos

target_dir="${CARGO_TARGET_DIR:-target}"

# Says when the last build began: what was changed while it ran is newer.
front_end_stamp=target/site/.built

# cargo-leptos rewrites its output every time, so it is called only when something it reads is newer.
front_end_is_fresh() {
  [ -e "$front_end_stamp" ] && [ -e "$target_dir/release/hash.txt" ] && [ -d target/site/pkg ] &&
    [ -z "$(find Cargo.toml Cargo.lock package-lock.json domain app frontend style public -newer "$front_end_stamp" -print -quit)" ]
}

build_front_end() {
  local began
  began=$(mktemp)
  with_wasm_toolchain cargo leptos build --release --frontend-only --split --precompress
  mv "$began" "$front_end_stamp"
}

front_end_is_fresh || step "front end (wasm, styles)" build_front_end
step "console (release)" cargo build --release --locked --package server
