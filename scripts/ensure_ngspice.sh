#!/bin/sh
# Make sure that ngspice and its shared library are there; prefer a version with the KLU solver.
set -eu
. "$(dirname "$0")/packages.sh"

has_library() {
    if [ -n "${NGSPICE_LIBRARY_PATH:-}" ] && [ -e "$NGSPICE_LIBRARY_PATH" ]; then return 0; fi
    for folder in /usr/lib /usr/lib/* /usr/lib64 /usr/local/lib /opt/homebrew/lib; do
        for library in "$folder"/libngspice.so.0 "$folder"/libngspice.dylib; do
            if [ -e "$library" ]; then return 0; fi
        done
    done
    return 1
}

installed() { command -v ngspice >/dev/null 2>&1 && has_library; }

say_which() {
    version=$(ngspice --version 2>/dev/null | sed -nE 's/.*ngspice-([0-9.]+).*/\1/p' | head -n 1)
    if ngspice --version 2>/dev/null | grep -qi klu || [ "${version%%.*}" -ge 42 ]; then
        echo "ngspice $version with the KLU solver: tiles up to 128x128 take seconds"
    else
        echo "ngspice $version without the KLU solver: 64x64 takes some seconds, 128x128 minutes"
    fi
}

if installed; then say_which; exit 0; fi

if command -v brew >/dev/null 2>&1; then
    brew install --quiet ngspice libngspice
elif command -v apt-get >/dev/null 2>&1 && can_be_root; then
    echo "installing ngspice and libngspice0 ..."
    as_root apt-get update -qq || true
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    if [ "$suite" = bookworm ] && ! apt-cache policy ngspice | grep -q bookworm-backports; then
        # The mirror that apt already uses for bookworm also carries the backports suite.
        mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' 2>/dev/null |
            awk '$2 == "bookworm" { print $1; exit }')
        if [ -n "$mirror" ]; then
            line="deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm-backports main"
            echo "$line" | as_root tee /etc/apt/sources.list.d/xbarsim-backports.list >/dev/null
            as_root apt-get update -qq || as_root rm -f /etc/apt/sources.list.d/xbarsim-backports.list
        fi
    fi
    install="as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq"
    $install -t bookworm-backports ngspice libngspice0 >/dev/null 2>&1 ||
        $install ngspice libngspice0 >/dev/null
fi
if installed; then say_which; exit 0; fi
echo "ngspice and its shared library are missing and cannot be installed from here (no root, no package" >&2
echo "manager). Install them: Debian/Ubuntu 'apt-get install ngspice libngspice0', macOS 'brew install" >&2
echo "ngspice libngspice'. Already there? Set NGSPICE_LIBRARY_PATH to the library's full path." >&2
exit 2
