#!/bin/sh
# Build sdist and wheel, check them, and try the wheel in an empty environment: check_package.sh PYTHON
set -eu
python=${1:-python3}
tools=${2:-$python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$tools" -m validate_pyproject pyproject.toml
"$tools" -m build --outdir "$work/dist" .
"$tools" -m twine check --strict "$work"/dist/*
"$tools" -m zipfile -l "$work"/dist/*.whl | grep -q "xbarsim/py.typed"
if "$tools" -m zipfile -l "$work"/dist/*.whl | awk 'NR > 1 { print $1 }' | grep -qvE '^xbarsim(/|-[0-9])'; then
    echo "the wheel holds files outside xbarsim/" >&2
    exit 1
fi
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint constraints/pinned.txt "$work"/dist/*.whl
cp scripts/smoke_test.py "$work"
cd "$work"
env -u PYTHONPATH "$work/venv/bin/python" smoke_test.py
