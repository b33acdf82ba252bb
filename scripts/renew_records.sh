#!/bin/sh
# Run every case of validation/cases in ngspice and write its record: renew_records.sh [XBARSIM [CASE...]]
# Results of ngspice are kept in the cache, so that a renewal that was killed goes on.
set -eu
cd "$(dirname "$0")/.."
xbarsim=${1:-.venv/bin/xbarsim}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- validation/cases/*.toml
for case in "$@"; do
    $xbarsim validate "$case" --no-report --out "validation/records/$(basename "$case" .toml).json"
done
