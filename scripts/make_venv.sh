#!/bin/sh
# Create the virtual environment and install the package with pinned versions: make_venv.sh PYTHON VENV
set -eu
python=$1
venv=$2
. "$(dirname "$0")/packages.sh"

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "xbarsim needs Python >= 3.11 and $python is $("$python" --version 2>&1); set PYTHON=python3.x" >&2
    exit 2
}
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    install_packages "the venv module of $python" "python$version-venv" "python3-venv"
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "installing xbarsim and its pinned dependencies into $venv ..."
pip="$venv/bin/python -m pip --quiet --disable-pip-version-check"
# Every file is held against the hashes in locked.txt; torch by version only, as CPU and GPU builds differ.
$pip install --constraint constraints/pinned.txt torch
$pip install --require-hashes --no-deps --requirement constraints/locked.txt
$pip install --no-deps --no-build-isolation --editable .
