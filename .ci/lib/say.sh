# shellcheck shell=bash
# How the scripts of this folder speak, and how they find what the machine has.

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

# need COMMAND HOW-TO-GET-IT
need() { type -P "$1" >/dev/null || fail "'$1' is missing. $2"; }

# patiently COMMAND...: runs it, and says every 20 seconds that it still does.
patiently() {
    local status=0
    # The clock ends when this end of its pipe is closed, also by an interruption of this script.
    exec 9> >(clock >&2)
    "$@" 9>&- || status=$?
    exec 9>&-
    return "$status"
}

clock() {
    local began
    while :; do
        began=$SECONDS
        # bash 3.2 gives the same status for a time-out as for the end of the pipe.
        read -r -t 20 _ || true
        [ $((SECONDS - began)) -ge 19 ] || return 0
        say "still at it, after $SECONDS s"
    done
}

# Of this machine: apt-get, dnf, pacman or brew.
package_manager() {
    local manager
    if [ "$(uname -s)" = Darwin ]; then
        echo brew
        return
    fi
    for manager in apt-get dnf pacman; do
        if type -P $manager >/dev/null; then
            echo $manager
            return
        fi
    done
}

# install_with DEBIAN FEDORA ARCH BREW: the command that installs these packages on this machine. A dash stands for none.
install_with() {
    local command
    case $(package_manager) in
    apt-get) command="apt-get install $1" ;;
    dnf) command="dnf install $2" ;;
    pacman) command="pacman -S $3" ;;
    brew) command="brew install $4" ;;
    *) echo "Its package is called $1 on Debian."; return ;;
    esac
    case $command in
    *" -") echo "This system has no package of it." ;;
    brew*) echo "Run: $command" ;;
    *) echo "Run as root: $command" ;;
    esac
}

# apt WHAT PACKAGE...: installs for the whole machine. To be called where apt-get is.
apt() {
    local what=$1
    shift
    if [ "$(id -u)" -ne 0 ] && ! type -P sudo >/dev/null; then
        say "$what: only root can install packages. Run as root: apt-get install $*" >&2
        return 1
    fi
    say "$what: installing for the whole machine: apt-get install $*"
    patiently as_root apt-get -o Acquire::Retries=1 -o Acquire::http::Timeout=20 update -qq &&
        patiently as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get -o Acquire::Retries=1 install -y -qq --no-install-recommends "$@" >/dev/null
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# unreachable WHAT: why a download can fail, and what to look at.
unreachable() {
    local proxy=${HTTPS_PROXY:-${https_proxy:-${ALL_PROXY:-${all_proxy:-}}}}
    if [ -n "$proxy" ]; then
        # Without the name and password that a proxy's URL may have.
        fail "cannot download $1; the message above says why. Downloads go through the proxy ${proxy##*@}: is it right, and this machine online?"
    fi
    fail "cannot download $1; the message above says why. Is this machine online? Behind a proxy, set HTTPS_PROXY."
}

# linux_only TARGET WHY
linux_only() {
    [ "$(uname -s)" != Linux ] || return 0
    echo "setup: 'make $1' needs Linux: $2. Run it in a container (docker, podman or finch):" >&2
    cat >&2 <<END
    mkdir -p target/image && docker run --rm --interactive --tty --privileged --workdir /edgeward --volume "\$PWD:/edgeward" \\
        --volume edgeward-target:/edgeward/target --volume "\$PWD/target/image:/edgeward/target/image" \\
        rust:bookworm sh -c 'apt-get update && apt-get install --yes python3-venv && make $1'
END
    exit 1
}
