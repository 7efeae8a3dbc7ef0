#!/bin/bash
# dev demo, record and bench: what reaches the programs, where they run, and what becomes of their results.
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname -- "$0")/support.sh"
b=$checkout/build
export fake_targets='[{"filename": ["'$b'/examples/demo/shunt-demo"]}, {"filename": ["'$b'/examples/trace/shunt-trace"]},
  {"filename": ["'$b'/examples/trace/librecorder.so"]},
  {"filename": ["'$b'/bench/libbench-support.a"]}, {"filename": ["'$b'/bench/move-bench"]}, {"filename": ["'$b'/bench/compact-bench"]}]'
mkdir -p "$b"/examples/{demo,trace} "$b/bench"

# program PATH <<body
program() { { printf '#!/bin/bash\n' && cat; } >"$b/$1" && chmod +x "$b/$1"; }
for name in examples/demo/shunt-demo examples/trace/shunt-trace; do
  program $name <<<'printf "%s|" "${0##*/}" "$PWD" "$@"; exit "${fake_status:-0}"'
done

begin 'demo gets its words unchanged, in the folder of the user'
run "$dev" demo 'my trace' --json 'out put.json'
want 'arguments' last_line_is "shunt-demo|$sandbox/elsewhere|my trace|--json|out put.json|"
want 'builds what lies in its folder and no more' called 'examples/demo/shunt-demo'
want 'not the benchmarks' called_not bench
run "$dev" demo --help
want 'its help is its own' last_line_is "shunt-demo|$sandbox/elsewhere|--help|"

begin "the program's status is dev's"
fake_status=7 run "$dev" demo
want 'status' exits 7

begin 'record hands over the command as it is, and builds the recorder too'
run "$dev" record -- prog --help -- 'a b'
want 'arguments' last_line_is "shunt-trace|$sandbox/elsewhere|record|--|prog|--help|--|a b|"
want 'recorder' called 'examples/trace/librecorder.so'
run "$dev" record --output "my trace" -- ls
want 'output' last_line_is "shunt-trace|$sandbox/elsewhere|record|--output|my trace|--|ls|"

# A stand-in for a Google Benchmark program: lists, answers as 1.7 does when nothing matches, writes JSON.
# The names of one begin with its suite, those of the other do not.
for suite in move compact; do
  prefix=${suite/#compact/} && prefix=${prefix:+$prefix/}
  program bench/$suite-bench <<BODY
suite=$suite names='${prefix}parked/4 ${prefix}running/4'
BODY
  cat >>"$b/bench/$suite-bench" <<'BODY'
for word; do
  case $word in
    --benchmark_filter=*) filter=${word#*=} ;;
    --benchmark_out=*) out=${word#*=} ;;
    --benchmark_list_tests=true) list=1 ;;
  esac
done
[[ $filter != *'('* ]] || { echo "Could not compile benchmark re: $filter" >&2 && exit 0; }
matching=() && for name in $names; do [[ -n $filter && ! $name =~ $filter ]] || matching+=("$name"); done
((${#matching[@]})) || { echo "Failed to match any benchmarks against regex: $filter" >&2 && exit 0; }
[[ -z ${list:-} ]] || { printf '%s\n' "${matching[@]}" && exit 0; }
echo "$suite-bench $* quick=${SHUNT_BENCH_QUICK:-}" >>"$calls"
[[ ${fake_status:-0} == 0 ]] || exit "$fake_status"
jq -n --arg e "$suite-bench" '{context: {executable: $e, num_cpus: 2}, benchmarks: [$ARGS.positional[] | {name: ., real_time: 0.1}]}' \
  --args "${matching[@]}" >"$out"
BODY
done
names_in() { [[ $(jq -r '[.benchmarks[].name] | join(" ")' "$1") == "$2" ]]; }

begin 'bench without a filter runs every suite and merges one document, where the user is'
run "$dev" bench --json 'all results.json'
want 'passes' exits 0
want 'everything' names_in "$sandbox/elsewhere/all results.json" \
  'move/parked/4 move/running/4 parked/4 running/4'
want 'both named' [ "$(jq -r .context.executable 'all results.json')" = 'move-bench compact-bench' ]
want 'figures as they were' [ "$(jq -r '.benchmarks[0].real_time' 'all results.json')" = 0.1 ]

begin 'a first word that is a suite runs only its program'
run "$dev" bench move --json=move.json
want 'its results' names_in move.json 'move/parked/4 move/running/4'
want 'no other' called_not 'compact-bench --'
run "$dev" bench move/parked --json move.json
want 'suite/regex' names_in move.json 'move/parked/4'
run "$dev" bench move running --json move.json
want 'suite regex' names_in move.json 'move/running/4'

run "$dev" bench compact/parked --json compact.json
want 'names without the suite' names_in compact.json 'parked/4'

begin 'another word is a regex over all suites; programs without a match are not run'
run "$dev" bench parked --json parked.json
want 'both' names_in parked.json 'move/parked/4 parked/4'
run "$dev" bench 've/par' --json parked.json
want 'one' names_in parked.json 'move/parked/4'
want 'not the other program' [ "$(grep -c 'bench --' "$calls")" = 3 ]

run "$dev" bench 'par(' --json parked.json
want 'a word that is no regex is refused' exits 2

begin '--quick reaches Google Benchmark and the program'
run "$dev" bench compact --quick
want 'time' called '--benchmark_min_time=0.01'
want 'environment' called quick=1

begin 'a filter that matches nothing is an error that lists the suites'
run "$dev" bench mvoe
want 'status' exits 2
want 'one line' says_one_line
want 'nearest' says "did you mean 'move'"
run "$dev" bench move/nothing
want 'inside a suite too' exits 2

begin 'a benchmark that fails fails the command, and no document is written'
fake_status=3 run "$dev" bench move --json none.json
want 'fails' exits 1
want 'named' says 'move-bench failed'
want 'no document' [ ! -e none.json ]

begin 'a checkout without the program says so'
rm "$b/build.ninja"
fake_targets='[]' run "$dev" bench
want 'fails' exits 1
want 'says what is missing' last_line_is 'dev: this checkout builds nothing in bench/'

finish
