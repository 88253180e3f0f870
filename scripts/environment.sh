# Sourced by mesh, test and check, which set $root: makes .venv what the lock files say.
#
# POSIX sh, so that dash, bash 3.2 and busybox run it alike. The work is done by environment.py; here is
# only what must come before any Python is known to be there.

# Prints the path of a Python that is new enough, outside any virtual environment; fails where there is none.
find_python() {
    probe='import sys; sys.version_info >= (3, 11) or sys.exit(1); print(sys._base_executable)'
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        "$candidate" -I -c "$probe" 2>/dev/null && return
    done
    uv python find --no-project --system '>=3.11' 2>/dev/null
}

# Where Python is told to leave no bytecode beside its sources, it compiles all of Mesh anew for each program that
# is started, which is a quarter of a start and more. So it is kept in .venv then.
keep_bytecode() {
    [ -n "${PYTHONDONTWRITEBYTECODE:-}" ] || return 0
    unset PYTHONDONTWRITEBYTECODE
    PYTHONPYCACHEPREFIX=${PYTHONPYCACHEPREFIX:-$root/.venv/bytecode}
    export PYTHONPYCACHEPREFIX
}

# environment run|test: returns when .venv is complete at that level; leaves with status 1 when it cannot be.
environment() {
    keep_bytecode
    if [ -x "$root/.venv/bin/python" ] &&
        "$root/.venv/bin/python" -I -S "$root/scripts/environment.py" --ready "$1" 2>/dev/null; then
        return
    fi
    if ! python=$(find_python); then
        found=$(python3 --version 2>&1) || found='no python3'
        cat >&2 <<END
Mesh needs Python 3.11 or newer, and on this machine there is only: $found
Install one and run this again, for instance with
    apt install python3 python3-venv     Debian, Ubuntu
    brew install python                  macOS
    uv python install                    anywhere, with uv
END
        exit 1
    fi
    "$python" -I "$root/scripts/environment.py" "$1" || exit
}
