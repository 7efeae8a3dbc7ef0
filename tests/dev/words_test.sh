#!/bin/bash
# dev: what it answers to wrong words and wrong options: one line that says what would be right, status 2, and
# nothing is installed, configured or built for it.
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname -- "$0")/support.sh"

begin '--help lists every command'
for spelling in --help -h; do
  run "$dev" "$spelling"
  want 'status' exits 0
  for command in demo test soak bench record info format; do want "names $command" says "  $command"; done
done
run "$dev"
want 'no word at all is a question too' says 'usage: ./dev COMMAND'

begin 'test, soak, bench, record and format answer --help with the same text'
for command in test soak bench record format; do
  run "$dev" "$command" --help
  want "$command" exits 0
  want "$command" says 'usage: ./dev COMMAND'
done
want 'nothing was set up for it' called_not meson

# refused EXPECTED WORDS...
refused() {
  local expected=$1
  shift
  run "$dev" "$@"
  want "status of: $*" exits 2
  want "one line for: $*" says_one_line
  want "the right word for: $*" says "$expected"
  want "no set-up for: $*" called_not meson
}

begin 'a wrong word gets the nearest right one'
refused "did you mean 'test'" tset
refused "did you mean 'bench'" benhc
refused "did you mean 'soak'" soka region
refused "did you mean 'record'" recrod -- ls
refused "did you mean '--help'" --hlep

begin 'a word near nothing gets the list'
refused 'known are demo, test, soak, bench, record, info, format' xyzzyxyzzy
refused 'demo, test' ''

begin 'a wrong option gets the nearest right one'
refused "did you mean '--seconds'" soak region --secs 5
refused "did you mean '--json'" bench --jsn out.json
refused "did you mean '--check'" format --chekc
refused "did you mean '--output'" record --outptu trace -- ls
refused '--help' test --verbose

begin 'an option without its value is named'
refused '--json wants a file' bench --json
refused '--output wants a file' record --output

begin 'soak wants a subject, and seconds that are a number'
refused 'wants a subject: ./dev soak region' soak
refused 'wants a subject' soak --seconds 5
refused "one subject, got 'region' and 'kernel'" soak region kernel
refused '--seconds wants a number' soak region --seconds
for seconds in 0 -5 1.5 ten '' 12345678; do refused "from 1 on, got '$seconds'" soak region "--seconds=$seconds"; done

begin 'record says where -- belongs, and that it wants a command'
refused './dev record -- ls -l' record ls -l
refused 'wants a command' record
refused 'wants a command' record --

begin 'test takes one filter, format takes no file'
refused "one filter, got 'base' and 'os'" test base os
refused 'takes no file' format lib/base/address.hpp

begin 'a folder that is not there is named before anything is built'
refused 'no folder for --json nowhere/out.json' bench --json nowhere/out.json

finish
