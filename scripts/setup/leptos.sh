# cargo-leptos, wasm-bindgen of the version in Cargo.lock, and from npm: sass, wasm-opt, Playwright.

# 0.3.11 wants Rust 1.96.
cargo_leptos_version=0.3.10

locked_wasm_bindgen_version() {
  awk '$1 == "name" && $3 == "\"wasm-bindgen\"" { getline; gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

# A tool is compiled unoptimised and without debugging information: it is used a few times, and either costs minutes.
# A registry may lag behind and lack a locked dependency: then the newest that this Rust can compile serve.
install_cargo_tool() {
  local install=(env -u CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=false cargo install --debug --root "$tools_dir" "$1" --version "$2")
  "${install[@]}" --locked || CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=fallback "${install[@]}"
}

setup_leptos() {
  local bindgen
  bindgen=$(locked_wasm_bindgen_version)
  if ! cargo-leptos --version 2>/dev/null | grep -qF "$cargo_leptos_version"; then
    step "cargo-leptos $cargo_leptos_version" install_cargo_tool cargo-leptos "$cargo_leptos_version"
  fi
  if ! wasm-bindgen --version 2>/dev/null | grep -qF "$bindgen"; then
    step "wasm-bindgen $bindgen" install_cargo_tool wasm-bindgen-cli "$bindgen"
  fi
}

setup_node_modules() {
  # node_modules/.package-lock.json is npm's own record of what it installed.
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    step "npm packages" npm ci --no-audit --no-fund
    touch node_modules/.package-lock.json
  fi
}
