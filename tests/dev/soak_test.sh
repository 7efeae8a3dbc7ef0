#!/bin/bash
# dev soak: which tests belong to a subject, how long each is told to go on, and what is said of them at the end.
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname -- "$0")/support.sh"
cp "$SHUNT_SOURCE_ROOT/tests/support/soak.jq" "$checkout/tests/support/"
export fake_tests='' fake_log='' fake_meson=0
fake_tests='[{"name": "stress", "suite": ["shunt:stress", "shunt:soak-region"], "cmd": ["stress-test"]},
             {"name": "exploration", "suite": ["shunt:region", "shunt:soak-region"], "cmd": ["exploration-test"]},
             {"name": "moves", "suite": ["shunt:move", "shunt:soak-kernel"], "cmd": ["move-test"]},
             {"name": "base", "suite": ["shunt:base"], "cmd": ["base-test"]}]'

# entry NAME RESULT STDOUT: one line of meson's log.
entry() { jq -nc --arg n "$1" --arg r "$2" --arg o "$3" '{name: $n, result: $r, stdout: $o, returncode: 0}'; }
stress=$(entry 'shunt:stress+soak-region / stress' OK \
  $'seed: 7\ncount: 5 histories\ncount: 300 operations\ncount: 4 rounds\nseeds: 7 to 10\ntally: 3 passed, 0 failed, 0 skipped\n')
exploration=$(entry exploration OK \
  $'count: 90000 schedules\ncount: 20 operations\ncount: 1 rounds\nseeds: 3 to 3\ntally: 6 passed, 0 failed, 1 skipped\n')
both=$stress$'\n'$exploration

begin 'a subject is what meson has in its suite, and the time is shared out'
fake_log=$both run "$dev" soak region --seconds 100
want 'passes' exits 0
want 'suite' called '--suite soak-region'
want 'one after another' called '--num-processes 1'
want 'time' called 'SHUNT_SOAK_SECONDS=50'
want 'says what and how long' says 'soaking region: exploration, stress, 50 s each'

begin 'what was counted is added up, the most important first, and the tally closes'
fake_log=$both run "$dev" soak region
want 'counts' says 'soak: 5 rounds, 320 operations, 90000 schedules, 5 histories'
want 'seeds' says '  seeds of stress: 7 to 10'
want 'tally' last_line_is '9 passed, 0 failed, 1 skipped'
want 'ten minutes' called 'SHUNT_SOAK_SECONDS=300'

begin 'a subject of its own has its own tests'
fake_log=$(entry moves OK $'tally: 1 passed, 0 failed, 0 skipped\n') run "$dev" soak kernel --seconds=10
want 'suite' called '--suite soak-kernel'
want 'all the time' called 'SHUNT_SOAK_SECONDS=10'
want 'nothing counted' says 'soak: nothing counted'
want 'tally' last_line_is '1 passed, 0 failed, 0 skipped'

begin 'less than a second each is a second each'
fake_log=$both run "$dev" soak region --seconds 1
want 'time' called 'SHUNT_SOAK_SECONDS=1'

begin 'failures and programs that did not run fail the command'
fake_log=$(entry stress FAIL $'count: 2 rounds\ntally: 2 passed, 1 failed, 0 skipped\n') fake_meson=1 \
  run "$dev" soak region
want 'fails' exits 1
want 'named' says '  stress: 1 failed'
want 'absent' says '  exploration: did not run'
want 'tally' last_line_is '2 passed, 2 failed, 0 skipped'
want 'counts what there is' says 'soak: 2 rounds'
fake_meson=1 fake_log=$both run "$dev" soak region
want "meson's own failure is a failure" exits 1

begin 'a wrong subject gets the nearest known one, and nothing is run'
run "$dev" soak regoin
want 'status' exits 2
want 'one line' says_one_line
want 'nearest' says "did you mean 'region'? (known: kernel, region)"
want 'nothing ran' called_not 'meson test'

finish
