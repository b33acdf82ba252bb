#!/bin/sh
# Run every case of validation/cases in ngspice and write its record: renew_records.sh [XBARSIM]
set -eu
cd "$(dirname "$0")/.."
xbarsim=${1:-.venv/bin/xbarsim}
for case in validation/cases/*.toml; do
    "$xbarsim" validate "$case" --out "validation/records/$(basename "$case" .toml).json"
done
