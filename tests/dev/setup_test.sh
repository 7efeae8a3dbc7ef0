#!/bin/bash
# dev: set-up. Missing packages are named and installed, nothing is asked of the network when all is there, and
# systems without dpkg are told what is missing.
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname -- "$0")/support.sh"
export fake_targets='' fake_missing='' fake_uid=0 fake_apt=0 fake_ninja=''
fake_targets='[{"filename": ["'$checkout'/build/examples/info/shunt-info"]}]'

fresh() {
  rm -rf -- "$checkout/build"
  mkdir -p "$checkout/build/examples/info"
  printf '#!/bin/bash\necho "info in $PWD with $*"\n' >"$checkout/build/examples/info/shunt-info"
  chmod +x "$checkout/build/examples/info/shunt-info"
}

begin 'with everything there, no package manager is called'
fresh
run "$dev" info
want 'runs' exits 0
want 'configures' called "meson setup $checkout/build $checkout"
want 'does not update' called_not apt-get
want 'does not ask for rights' called_not sudo

begin 'the second time nothing is configured and nothing is said'
run "$dev" info --json out
want 'no setup' called_not 'meson setup'
want 'the program alone speaks, in the folder of the user' last_line_is "info in $sandbox/elsewhere with --json out"
want 'one line' says_one_line

begin 'missing packages are named, the lists updated, then installed, as root without sudo'
fake_missing='libzstd-dev doctest-dev' run "$dev" info
want 'runs' exits 0
want 'names them' says 'installing Debian packages: doctest-dev libzstd-dev'
want 'updates first' [ "$(sed -n 1p "$calls")" = 'apt-get update ()' ]
want 'installs them and no others' called 'install -y --no-install-recommends doctest-dev libzstd-dev (noninteractive)'
want 'no sudo' called_not sudo
want 'says nothing of what apt says' says_not 'apt says so'

begin 'not root: through sudo'
fake_uid=1000 fake_missing=jq run "$dev" info
want 'update' called 'sudo apt-get update'
want 'install' called 'sudo env DEBIAN_FRONTEND=noninteractive apt-get install'

begin 'not root and no sudo: says what root must do'
mv "$tools/sudo" "$sandbox/"
fake_uid=1000 fake_missing='jq meson' run "$dev" info
mv "$sandbox/sudo" "$tools/"
want 'fails' exits 1
want 'says' says 'as root: apt-get install meson jq'
want 'one line' says_one_line

begin 'an installation that fails shows why'
fake_apt=100 fake_missing=jq run "$dev" info
want 'fails' exits 1
want 'apt is heard' says 'apt says so'
want 'names the step' says 'apt-get install jq failed'

begin 'format wants clang-format and nothing else'
stand_in clang-format <<<'[[ $* != *bad.hpp* ]]'
fake_missing='clang-format doctest-dev' run "$dev" format
want 'runs' exits 0
want 'installs' says 'installing Debian packages: clang-format'
want 'only that' called_not doctest-dev
: >"$checkout/lib/bad.hpp" && : >"$checkout/lib/good.hpp"
run "$dev" format --check
want 'fails' exits 1
want 'names the file' says 'not formatted: lib/bad.hpp;'
rm "$checkout/lib/bad.hpp"
run "$dev" format --check
want 'passes' exits 0

begin 'without dpkg: names the missing tool and the missing header'
mv "$tools/dpkg-query" "$tools/meson" "$sandbox/"
stand_in c++ <<<'[[ "$(cat)" != *zstd.h* ]]'
stand_in pkg-config </dev/null
run "$dev" info
want 'fails' exits 1
want 'one line' says_one_line
want 'names exactly these' says 'missing: meson, the header zstd.h (Debian: libzstd-dev);'
mv "$sandbox/meson" "$tools/"
stand_in c++ <<<'cat >/dev/null'
run "$dev" info
want 'all there: runs' exits 0
rm "$tools/c++" && run "$dev" info
want 'no compiler: says so' says 'missing: a C++20 compiler'
mv "$sandbox/dpkg-query" "$tools/"

begin 'a build that fails shows its output and the status is 1'
fake_ninja='address.hpp:7: error' run "$dev" info
want 'fails' exits 1
want 'output' says 'address.hpp:7: error'

begin 'a build folder of another checkout is refused by name'
fresh && run "$dev" info
jq '.directories.source = "/somewhere/else"' "$checkout/build/meson-info/meson-info.json" >"$sandbox/info" &&
  cp "$sandbox/info" "$checkout/build/meson-info/meson-info.json"
run "$dev" info
want 'fails' exits 1
want 'one line' says_one_line
want 'says what to do' says "configured for /somewhere/else: remove $checkout/build"

begin 'under CI warnings are errors'
fresh
CI=true run "$dev" info
want 'option' called 'meson setup -Dwerror=true'

begin 'works through a symbolic link, too'
fresh
ln -s "$dev" "$sandbox/elsewhere/link" && run ./link info
want 'runs' last_line_is "info in $sandbox/elsewhere with "

finish
