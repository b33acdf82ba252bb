#!/bin/sh
# Make sure that a headless browser is there: the report is tested in a real one.
set -eu
. "$(dirname "$0")/packages.sh"

find_browser() {
    if [ -n "${XBARSIM_BROWSER:-}" ]; then command -v "$XBARSIM_BROWSER" && return 0; fi
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return 0
    done
    for path in "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
        "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
        [ -x "$path" ] && echo "$path" && return 0
    done
    return 1
}

if find_browser >/dev/null; then exit 0; fi
if command -v brew >/dev/null 2>&1; then
    brew install --quiet --cask chromium
elif command -v apt-get >/dev/null 2>&1 && can_be_root; then
    echo "installing chromium, to test the report in ..."
    as_root apt-get update -qq || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium >/dev/null
fi
if find_browser >/dev/null; then exit 0; fi
echo "no Chromium or Chrome is found, and none can be installed from here. Install one (Debian:" >&2
echo "'apt-get install chromium'), or set XBARSIM_BROWSER to its program." >&2
exit 2
