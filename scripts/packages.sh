# Shared by the setup scripts: install system packages, or say plainly what to install.

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null || [ -t 0 ]; then sudo "$@"; else return 1; fi
}

can_be_root() {
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }
}

# install_packages WHAT PACKAGE [ALTERNATIVE]: exit 2 with one message when it cannot be done.
install_packages() {
    what=$1
    shift
    if command -v apt-get >/dev/null 2>&1 && can_be_root; then
        as_root apt-get update -qq || true
        for package in "$@"; do
            echo "installing $package ($what is missing) ..."
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null && return 0
        done
    fi
    echo "$what is missing and cannot be installed from here. Ask an administrator for: apt-get install $1" >&2
    exit 2
}
