# A Rust toolchain that compiles to wasm32-unknown-unknown.
#
# Most machines: `rustup target add`. Where that target can't be had, Debian's own compiler for the web
# (rustc-web) with a standard library built once from its sources. The latter is another compiler than
# rustup's, so it only ever builds the front end, in a target directory of its own (target/front).

wasm_target=wasm32-unknown-unknown
wasm_bin="$tools_dir/wasm-toolchain"

# has_wasm_std RUSTC
has_wasm_std() {
  local libdir
  libdir=$("$1" --print target-libdir --target "$wasm_target" 2>/dev/null) || return 1
  compgen -G "$libdir/libstd-*.rlib" >/dev/null
}

build_wasm_std() {
  local work libdir
  work=$(mktemp -d)
  mkdir -p "$work/src"
  # The front end is linked with LTO, and one of its dependencies without: a profile with LTO and both kinds of library
  # make cargo keep bitcode and machine code.
  printf '[package]\nname = "std-for-wasm"\nversion = "0.0.0"\nedition = "2024"\n[lib]\ncrate-type = ["cdylib", "rlib"]\n[profile.release]\npanic = "abort"\nlto = true\n' >"$work/Cargo.toml"
  : >"$work/src/lib.rs"
  # -Z build-std is unstable, so a stable compiler takes it only with RUSTC_BOOTSTRAP.
  (cd "$work" && RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld /usr/bin/cargo build --release \
    -Z build-std=std,panic_abort --target "$wasm_target" --target-dir "$work/target") || return 1
  libdir=$(/usr/bin/rustc --print target-libdir --target "$wasm_target")
  mkdir -p "$libdir"
  find "$work/target/$wasm_target/release/deps" -name '*.rlib' ! -name 'libstd_for_wasm*' -exec cp {} "$libdir/" \;
  rm -rf "$work"
}

setup_wasm() {
  if have rustc && has_wasm_std rustc; then return; fi
  if [ -x "$wasm_bin/rustc" ] && has_wasm_std "$wasm_bin/rustc"; then return; fi
  have cargo || fail "Rust is missing; install it with rustup (https://rustup.rs) and run this again"
  if have rustup && rustup target add "$wasm_target" >"$tools_dir/log/rustup-target.log" 2>&1; then
    say "==> rustup target add $wasm_target … done"
    return
  fi
  [ "$(id -u)" = 0 ] && have apt-get ||
    fail "the wasm target is missing and rustup could not add it (see $tools_dir/log/rustup-target.log); run: rustup target add $wasm_target"
  install_packages rustc-web cargo-web rust-web-src lld
  has_wasm_std /usr/bin/rustc || step "standard library for wasm (no such target in rustup here)" build_wasm_std
  has_wasm_std /usr/bin/rustc || fail "the standard library for wasm was built, but $(/usr/bin/rustc --version) does not find it"
  mkdir -p "$wasm_bin"
  ln -sfn /usr/bin/cargo "$wasm_bin/cargo"
  ln -sfn /usr/bin/rustc "$wasm_bin/rustc"
}

# The environment in which the front end compiles.
with_wasm_toolchain() {
  if [ -x "$wasm_bin/rustc" ] && ! has_wasm_std rustc; then
    env PATH="$wasm_bin:$PATH" CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld "$@"
  else
    "$@"
  fi
}
