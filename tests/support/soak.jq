# Adds up what the test programs counted, for `./dev soak`. Input: meson's testlog.json, one object a program.
#
# A program prints `count: N WHAT` for each thing that it counted and `seeds: A to B` for the seeds that it used
# (tests/support/soak.hpp). Output: one line, rounds, operations and schedules first, and a line with the seeds.

def name: .name | split(" / ") | last;
def lines: (.stdout // "") | split("\n");
def rank:
  . as $what | ["rounds", "operations", "schedules"] | map(. as $first | $what | startswith($first)) | index(true) // 3;

[inputs] as $log
| ([$log[] | lines[] | capture("^count: (?<n>[0-9]+) (?<what>.+)$") | .n |= tonumber]
   | group_by(.what) | map({what: .[0].what, n: map(.n) | add})) as $counts
| ($counts | sort_by((.what | rank), .what))
| "soak: " + (if . == [] then "nothing counted" else map("\(.n) \(.what)") | join(", ") end),
  ($log[] | name as $name | lines[] | capture("^seeds: (?<seeds>.+)$") | "  seeds of \($name): \(.seeds)")
