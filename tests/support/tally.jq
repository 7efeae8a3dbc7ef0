# Adds up what the test programs said, for `./dev test`. Input: meson's testlog.json, one object a program.
# Positional arguments: the names of all the programs that should have run.
#
# The rule for every test program, in whatever language: it prints `tally: N passed, N failed, N skipped` on a line of
# its own, last, and `skip: CASE: needs FEATURE` for each case skipped. A program that prints no tally, or that fails
# though its tally shows no failure (a crash at exit, a timeout), or that left no entry, counts as one failure.
# Output: troubles by name, skips by feature, and as the last line the sum.

def name: .name | split(" / ") | last;
def lines: (.stdout // "") | split("\n");

def tally:
  [lines[] | capture("^tally: (?<passed>[0-9]+) passed, (?<failed>[0-9]+) failed, (?<skipped>[0-9]+) skipped$")]
  | last | if . then map_values(tonumber) else null end;

def ended_well: .result == "OK" or .result == "SKIP";

def verdict:
  {name: name} + (tally as $tally
  | if $tally == null then
      {passed: 0, failed: 1, skipped: 0, trouble: "printed no tally (\(.result), exit code \(.returncode))"}
    elif $tally.failed > 0 then $tally + {trouble: "\($tally.failed) failed"}
    elif ended_well then $tally
    else $tally + {failed: 1, trouble: "ended badly after its tally (\(.result), exit code \(.returncode))"} end);

def section(heading; $rows): if $rows == [] then empty else heading, ($rows[] | "  " + .) end;

[inputs] as $log
| ($log | map(verdict)) as $ran
| ($ARGS.positional - ($ran | map(.name)) | map({name: ., passed: 0, failed: 1, skipped: 0, trouble: "did not run"}))
  as $absent
| ($ran + $absent) as $all
| section("Failed:"; [$all[] | select(.trouble) | "\(.name): \(.trouble)"]),
  section("Skipped for want of a kernel feature:";
    [$log[] | name as $name | lines[] | select(startswith("skip: ")) | "\($name): \(ltrimstr("skip: "))"] | unique),
  ([$all[] | [.passed, .failed, .skipped]] | transpose | map(add) + [0, 0, 0]
   | "\(.[0]) passed, \(.[1]) failed, \(.[2]) skipped")
