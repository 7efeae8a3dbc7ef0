#!/bin/bash
# dev test: which tests a filter picks, and how what they said is added up. Nothing that went wrong may be counted
# as passed, and there is exactly one closing line.
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname -- "$0")/support.sh"
export fake_tests='' fake_log='' fake_meson=0
fake_tests='[{"name": "base", "suite": ["shunt:base"], "cmd": ["'$checkout'/build/tests/base-test"]},
             {"name": "probe", "suite": ["shunt:os"], "cmd": ["'$checkout'/build/tests/probe-test"]},
             {"name": "gate", "suite": ["shunt:os"], "cmd": ["/bin/sh", "gate.sh"]}]'

# entry NAME RESULT STDOUT: one line of meson's log.
entry() { jq -nc --arg n "$1" --arg r "$2" --arg o "$3" '{name: $n, result: $r, stdout: $o, returncode: 0}'; }
good_base=$(entry base OK $'noise\ntally: 4 passed, 0 failed, 0 skipped\n')
good_gate=$(entry gate OK $'tally: 2 passed, 0 failed, 0 skipped\n')
skipping_probe=$(entry 'shunt:os / probe' SKIP $'skip: moves: needs UFFDIO_MOVE: EPERM\ntally: 0 passed, 0 failed, 3 skipped\n')

# counted SUM: the sum closes the output and stands nowhere else.
counted() {
  last_line_is "$1" && (($(grep -cE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' <<<"$output") == 1))
}
log_of() { printf '%s\n' "$@"; }

begin 'tallies are added up and skips are listed with the feature'
fake_log=$(log_of "$good_base" "$good_gate" "$skipping_probe") run "$dev" test
want 'passes' exits 0
want 'sum' counted '6 passed, 0 failed, 3 skipped'
want 'heading' says 'Skipped for want of a kernel feature:'
want 'feature' says '  probe: moves: needs UFFDIO_MOVE: EPERM'
want 'nothing failed' says_not 'Failed:'

begin 'no skip, no heading'
fake_log=$(log_of "$good_base") run "$dev" test base
want 'sum' counted '4 passed, 0 failed, 0 skipped'
want 'no heading' says_not 'Skipped'

begin 'failed cases are counted and named'
fake_meson=1 fake_log=$(log_of "$(entry base FAIL $'tally: 3 passed, 1 failed, 0 skipped\n')") run "$dev" test base
want 'fails' exits 1
want 'named' says '  base: 1 failed'
want 'sum' counted '3 passed, 1 failed, 0 skipped'

begin 'a program that prints no tally is one failure, whatever its exit said'
for result in OK FAIL TIMEOUT ERROR INTERRUPT; do
  fake_log=$(log_of "$(entry base $result $'half a case\n')" "$good_gate" "$skipping_probe") run "$dev" test
  want "$result fails" exits 1
  want "$result is named" says "  base: printed no tally ($result"
  want "$result sum" counted '2 passed, 1 failed, 3 skipped'
done

begin 'a program that crashes after its tally is one failure'
fake_meson=1 fake_log=$(log_of "$(entry base FAIL $'tally: 4 passed, 0 failed, 0 skipped\n')") run "$dev" test base
want 'fails' exits 1
want 'sum' counted '4 passed, 1 failed, 0 skipped'

begin 'a program that never ran is one failure, and so is an empty log'
fake_log=$(log_of "$good_base" "$good_gate") run "$dev" test
want 'named' says '  probe: did not run'
want 'sum' counted '6 passed, 1 failed, 0 skipped'
fake_log='' run "$dev" test
want 'fails' exits 1
want 'sum' counted '0 passed, 3 failed, 0 skipped'

begin 'the log of an earlier run is not counted again'
fake_log=$(log_of "$good_base") run "$dev" test base
fake_meson=1 fake_log=none run "$dev" test base
want 'fails' exits 1
want 'sum' counted '0 passed, 1 failed, 0 skipped'

begin 'a skip that several cases or loops report is listed once'
twice=$'skip: c: needs X\nskip: c: needs X\ntally: 1 passed, 0 failed, 1 skipped\n'
fake_log=$(log_of "$(entry base OK "$twice")") run "$dev" test base
want 'once' [ "$(grep -c 'needs X' <<<"$output")" = 1 ]

begin 'a tally in the middle of a line is not a tally, and the last one counts'
fake_log=$(log_of "$(entry base OK $'see tally: 9 passed, 0 failed, 0 skipped\n')") run "$dev" test base
want 'sum' counted '0 passed, 1 failed, 0 skipped'
fake_log=$(log_of "$(entry base OK $'tally: 9 passed, 0 failed, 0 skipped\ntally: 1 passed, 0 failed, 0 skipped\n')") \
  run "$dev" test base
want 'sum' counted '1 passed, 0 failed, 0 skipped'

begin "meson's own failure is a failure"
fake_meson=1 fake_log=$(log_of "$good_base") run "$dev" test base
want 'fails' exits 1

begin 'a damaged log is not counted'
fake_log='{"name": "base"' run "$dev" test base
want 'fails' exits 1
want 'says so' says 'the tests cannot be counted'

begin 'a filter picks a suite, else names, else cases'
fake_log=$(log_of "$good_gate" "$skipping_probe") run "$dev" test os
want 'suite' called '--suite os'
want 'only that suite is expected' counted '2 passed, 0 failed, 3 skipped'
fake_log=$(log_of "$skipping_probe") run "$dev" test prob
want 'part of a name' called '--timeout-multiplier 10 probe'
want 'only that program is expected' counted '0 passed, 0 failed, 3 skipped'
mkdir -p "$checkout/build/tests"
for name in base probe; do
  printf '#!/bin/bash\n[[ $* == *"--test-case=*%s?range*"* ]] && n=1\necho "current filters: ${n:-0}"\n' "$name" \
    >"$checkout/build/tests/$name-test"
  chmod +x "$checkout/build/tests/$name-test"
done
fake_log=$(log_of "$good_base") run "$dev" test 'base range'
want 'part of a case' called '--test-args=--test-case=*base?range* base'
want 'only its program is expected' counted '4 passed, 0 failed, 0 skipped'

begin 'a filter that matches nothing is an error that lists the suites'
run "$dev" test bsae
want 'status' exits 2
want 'one line' says_one_line
want 'suites' says '(known: base, os)'
want 'nearest' says "did you mean 'base'"
want 'nothing ran' called_not 'meson test'

begin '.ci/run runs the tests, warnings as errors, from any folder'
mkdir -p "$checkout/.ci" && cp "$SHUNT_SOURCE_ROOT/.ci/run" "$checkout/.ci/" && rm -rf -- "$checkout/build"
fake_log=$(log_of "$good_base" "$good_gate" "$skipping_probe") run "$checkout/.ci/run"
want 'passes' exits 0
want 'all tests' counted '6 passed, 0 failed, 3 skipped'
want 'warnings' called '-Dwerror=true'

finish
