# Debian packages: only those that are missing, only where apt and root are at hand.

# need_package PACKAGE COMMAND WHY
need_package() {
  have "$2" && return
  if [ "$(id -u)" = 0 ] && have apt-get; then
    missing_packages+=("$1")
  else
    fail "$2 is missing ($3); install it, on Debian: apt-get install $1"
  fi
}

install_packages() {
  [ $# -gt 0 ] || return 0
  # Package lists go stale within days and then name files that no longer exist.
  step "apt: package lists" apt-get update
  step "apt: $*" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

setup_build_packages() {
  missing_packages=()
  need_package gcc cc "linker for Rust"
  need_package pkg-config pkg-config "native libraries"
  need_package curl curl "waiting for the console to answer"
  need_package npm npm "sass, wasm-opt and Playwright"
  need_package nodejs node "sass, wasm-opt and Playwright"
  install_packages "${missing_packages[@]}"
}

setup_browser() {
  missing_packages=()
  need_package postgresql-client psql "browser tests"
  if ! have chromium && ! have chromium-browser && ! have google-chrome; then
    need_package chromium chromium "end-to-end tests"
  fi
  install_packages "${missing_packages[@]}"
}

setup_load_generator() {
  missing_packages=()
  need_package wrk wrk "pages a second, in make bench"
  install_packages "${missing_packages[@]}"
}
