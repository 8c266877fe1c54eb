# Sourced by the other scripts: how a step is announced, and where the tools live.
# A step is silent while it works; its whole output is shown when it fails.

set -euo pipefail

# Everything the project installs for itself (never inside the clone, so that a second clone finds it).
tools_dir="${XDG_CACHE_HOME:-$HOME/.cache}/tidemark"
mkdir -p "$tools_dir/bin" "$tools_dir/log"

# The order matters: tools of the exact version we need come before what the machine has.
PATH="$tools_dir/bin:$PWD/node_modules/.bin:$PATH"
export PATH

say() { printf '%s\n' "$*"; }

fail() {
  printf 'tidemark: %s\n' "$*" >&2
  exit 1
}

# step NAME COMMAND…: run it, say how long it took; on failure show what it printed.
step() {
  local name=$1 log started
  shift
  log="$tools_dir/log/$(printf '%s' "$name" | tr -cs 'a-zA-Z0-9' '-').log"
  started=$SECONDS
  printf '==> %s … ' "$name"
  # Not in the condition of the `if`: that would switch off `set -e` inside the step.
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  local status=$?
  set -e
  if [ $status = 0 ]; then
    printf 'done in %d s\n' $((SECONDS - started))
  else
    printf 'FAILED after %d s\n' $((SECONDS - started))
    tail -n 60 "$log" >&2
    fail "\"$name\" failed; the whole output is in $log"
  fi
}

have() { command -v "$1" >/dev/null 2>&1; }
