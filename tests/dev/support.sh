# shellcheck shell=bash
# What the tests of `dev` share: cases that are counted, and a sandbox with stand-ins for the system's tools.
#
# A case is begin NAME, then run COMMAND..., then want DESCRIPTION TEST...; finish prints the tally line that
# tests/support/tally.jq asks of every test program. The sandbox holds a copy of dev in a folder whose name has a
# space, and a PATH of its own: nothing outside it is run, installed or built. Stand-ins write down how they were
# called in $calls. What they answer is set by variables (fake_*) that a case exports.
set -uo pipefail

passed=0 failed=0 current='' broken='' status=0 output=''

end_case() {
  [[ -n $current ]] || return 0
  if [[ -n $broken ]]; then failed=$((failed + 1)); else passed=$((passed + 1)); fi
}

begin() {
  end_case
  current=$1 broken=''
  : >"$calls"
}

# Keeps status and output (both streams). Lines of a failure are shown with a bar, so that none of them is taken for
# this program's own tally.
run() {
  output=$("$@" 2>&1)
  status=$?
}

want() {
  local description=$1
  shift
  "$@" && return
  broken=yes
  printf 'FAILED: %s: %s\n' "$current" "$description"
  printf 'exit status %s\n%s\n' "$status" "$output" | sed 's/^/  | /'
}

# Conditions for want.
exits() { ((status == $1)); }
says() { [[ $output == *"$1"* ]]; }
says_not() { [[ $output != *"$1"* ]]; }
says_one_line() { [[ -n $output && $output != *$'\n'* ]]; }
last_line_is() { [[ ${output##*$'\n'} == "$1" ]]; }
called() { grep -qF -- "$1" "$calls"; }
called_not() { ! grep -qF -- "$1" "$calls"; }

finish() {
  end_case
  rm -rf -- "$sandbox"
  printf 'tally: %d passed, %d failed, 0 skipped\n' "$passed" "$failed"
  ((failed == 0 && passed > 0))
  exit
}

# stand_in NAME <<body: a tool of the sandbox.
stand_in() {
  { printf '#!/bin/bash\n' && cat; } >"$tools/$1"
  chmod +x "$tools/$1"
}

make_sandbox() {
  sandbox=$(mktemp -d)
  checkout="$sandbox/a check out" tools=$sandbox/tools calls=$sandbox/calls
  dev=$checkout/dev
  export calls checkout
  mkdir -p "$checkout"/tests/support "$checkout"/{lib,include/shunt,examples,bench} "$tools" "$sandbox/elsewhere"
  cp "$SHUNT_SOURCE_ROOT/dev" "$checkout/"
  cp "$SHUNT_SOURCE_ROOT/tests/support/tally.jq" "$checkout/tests/support/"
  local tool
  for tool in bash basename cat chmod cmp cp dirname env find grep jq ln mkdir mktemp mv readlink rm sed sort touch; do
    ln -s "$(command -v "$tool")" "$tools/$tool"
  done
  make_system_tools
  make_build_tools
  PATH=$tools
  unset CI CXX DEBIAN_FRONTEND SHUNT_SOAK_SECONDS
  cd "$sandbox/elsewhere" || exit 1
}

make_system_tools() {
  stand_in id <<<'echo "${fake_uid:-0}"'
  stand_in sudo <<<'echo "sudo $*" >>"$calls"; exec "$@"'
  stand_in apt-get <<<'echo "apt-get $* ($DEBIAN_FRONTEND)" >>"$calls"; echo "apt says so"; exit "${fake_apt:-0}"'
  stand_in dpkg-query <<'BODY'
shift 3
for package; do [[ " ${fake_missing:-} " == *" $package "* ]] || echo "installed $package"; done
[[ -z ${fake_missing:-} ]]
BODY
}

# meson setup puts the prepared meson-info in place; meson test leaves $fake_log as the log of what ran
# (none: leaves no log).
make_build_tools() {
  stand_in meson <<'BODY'
echo "${SHUNT_SOAK_SECONDS:+SHUNT_SOAK_SECONDS=$SHUNT_SOAK_SECONDS }meson $*" >>"$calls"
case $1 in
  setup) mkdir -p "$checkout/build/meson-logs" "$checkout/build/meson-info"
    jq -n '{directories: {source: env.checkout, build: (env.checkout + "/build")}}' >"$checkout/build/meson-info/meson-info.json"
    printf '%s\n' "${fake_targets:-[]}" >"$checkout/build/meson-info/intro-targets.json"
    printf '%s\n' "${fake_tests:-[]}" >"$checkout/build/meson-info/intro-tests.json"
    : >"$checkout/build/build.ninja" ;;
  test) [[ ${fake_log:-} == none ]] || printf '%s\n' "${fake_log:-}" >"$checkout/build/meson-logs/testlog.json"
    exit "${fake_meson:-0}" ;;
esac
BODY
  stand_in ninja <<<'echo "ninja $*" >>"$calls"; [[ -z ${fake_ninja:-} ]] || { echo "$fake_ninja"; exit 1; }; echo "ninja: no work to do."'
}

make_sandbox
