# Schemathesis from PyPI, in a directory of its own; the test that uses it is skipped where Python is missing.

SCHEMATHESIS_VERSION=4.32.5

setup_schemathesis() {
  local place=target/schemathesis
  missing_packages=()
  if ! have python3 || ! python3 -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && have apt-get; then
      missing_packages+=(python3 python3-venv)
    else
      say "schemathesis: python3 with venv is missing; its test is skipped"
      return 0
    fi
  fi
  install_packages "${missing_packages[@]}"
  if [ "$("$place/bin/schemathesis" --version 2>/dev/null)" != "schemathesis, version $SCHEMATHESIS_VERSION" ]; then
    rm -rf "$place"
    step "schemathesis $SCHEMATHESIS_VERSION" install_schemathesis "$place"
  fi
  TIDEMARK_TEST_SCHEMATHESIS="$PWD/$place/bin/schemathesis"
  export TIDEMARK_TEST_SCHEMATHESIS
}

install_schemathesis() {
  python3 -m venv "$1" && "$1/bin/pip" install --quiet "schemathesis==$SCHEMATHESIS_VERSION"
}
