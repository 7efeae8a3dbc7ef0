#!/bin/bash
# Runs a program that was built with ThreadSanitizer, or says why it cannot run: run_tsan.sh [PROGRAM [ARGUMENT...]].
#
# ThreadSanitizer wants its shadow memory at fixed addresses. Where the kernel spreads mappings over more bits than it
# knows (vm.mmap_rnd_bits of 32), it ends at once with "unexpected memory mapping", at random; so address randomization
# is turned off where that is allowed. A program that cannot start is skipped by name, never passed.
set -uo pipefail

skip() {
  printf 'skip: all of it: needs %s\ntally: 0 passed, 0 failed, 1 skipped\n' "$1"
  exit 77
}
(($#)) || skip 'ThreadSanitizer (libtsan) at build time'

fixed=(setarch "$(uname -m)" -R)
"${fixed[@]}" true 2>/dev/null || fixed=()

errors=$(mktemp)
trap 'rm -f -- "$errors"' EXIT
# A longer history lets both sides of a race be named though they are far apart in time.
export TSAN_OPTIONS="history_size=4 exitcode=66 ${TSAN_OPTIONS:-}"
{
  "${fixed[@]}" "$@" 2>&1 >&3 | tee -- "$errors" >&2
  status=${PIPESTATUS[0]}
} 3>&1
if ((status != 0)) && grep -q 'ThreadSanitizer: unexpected memory mapping' "$errors"; then
  skip 'ThreadSanitizer to start (vm.mmap_rnd_bits is too large for it, and setarch -R is refused)'
fi
exit "$status"
