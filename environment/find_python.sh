#!/bin/sh
# Print the Python that the environment is to be made with; where there is none, say what helps.
#
#     environment/find_python.sh [PYTHON]
#
# With PYTHON, a command or a path, no other is looked at. Plain sh: there may be no Python yet.

oldest=11 newest=13 # Python 3.11 to 3.13: what requires-python in pyproject.toml says
example=3.12

say() { printf '%s\n' "$*" >&2; }

version_of() {
    "$1" -c 'import platform as p; print(p.python_implementation() + " " + p.python_version())' \
        2>/dev/null
}

fits() { # fits VERSION, as version_of gives it
    minor=${1#CPython 3.}
    minor=${minor%%.*}
    case $minor in '' | *[!0-9]*) return 1 ;; esac
    test "$minor" -ge $oldest && test "$minor" -le $newest
}

has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# A Python that fits and that a version manager or Homebrew keeps out of the PATH.
hidden_python() {
    for hidden in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3 \
        "${XDG_DATA_HOME:-$HOME/.local/share}"/uv/python/cpython-3.*/bin/python3 \
        "${HOMEBREW_PREFIX:-/opt/homebrew}"/opt/python@3.*/bin/python3.*[0-9]; do
        if fits "$(version_of "$hidden")" && has_venv "$hidden"; then
            printf '%s' "$hidden"
            return
        fi
    done
    return 1
}

# The newest Python that apt offers and that fits; apt is asked, so no table of releases grows old.
apt_python() {
    minor=$newest
    while test $minor -ge $oldest; do
        case $(apt-cache policy "python3.$minor-venv" 2>/dev/null) in
            *"Candidate: "[0-9]*) printf 'python3.%s' $minor && return ;;
        esac
        minor=$((minor - 1))
    done
    return 1
}

has() { command -v "$1" >/dev/null 2>&1; }

advise() {
    if hidden=$(hidden_python); then
        say "There is one in another place. Run: make book PYTHON='$hidden'"
    elif has uv; then
        say "Run: uv python install $example, then make book PYTHON=\"\$(uv python find $example)\""
    elif has pyenv; then
        say "Run: pyenv install $example, then make again."
    elif has conda; then
        say "Run: conda create --name course python=$example, conda activate course, then make again."
    elif has brew; then
        say "Run: brew install python@$example, then make again."
    elif test "$(uname)" = Darwin; then
        say "Take the installer for Python $example from https://www.python.org/downloads/macos/," \
            "then run make again."
    elif has apt-get; then
        if package=$(apt_python); then
            say "Run as root: apt-get install $package $package-venv, then make again."
        else
            say "Run as root: apt-get update && apt-get install python3 python3-venv, then make again." \
                " If your release is too old for that, install uv, and run:" \
                "uv python install $example, then make book PYTHON=\"\$(uv python find $example)\""
        fi
    elif has dnf; then
        say "Run as root: dnf install python$example, then make again."
    elif has zypper; then
        say "Run as root: zypper install python${example%.*}${example#*.}, then make again."
    else
        say "Install uv, or Python from https://www.python.org/downloads/; with uv, run:" \
            "uv python install $example, then make book PYTHON=\"\$(uv python find $example)\""
    fi
}

wanted=$1
if test -z "$wanted"; then
    set -- python3.11 python3.12 python3.13 python3
fi
seen='' without_venv=''
for python; do
    version=$(version_of "$python") || continue
    if ! fits "$version"; then
        seen="$python is $version"
    elif ! has_venv "$python"; then
        without_venv=$python
    else
        printf '%s\n' "$python"
        exit 0
    fi
done

if test -n "$without_venv"; then
    name=python$(version_of "$without_venv" | sed 's/.* \([0-9]*\.[0-9]*\).*/\1/')
    say "make: $without_venv lacks its venv module." \
        "On Debian or Ubuntu, run as root: apt-get install $name-venv"
elif test -n "$wanted" && test -z "$seen"; then
    say "make: there is no Python called $wanted here. Leave PYTHON out, and make looks for one."
else
    say "make: this needs Python 3.$oldest to 3.$newest; ${seen:-there is no Python here}."
    if test -n "$wanted"; then
        say "Name another with PYTHON, or leave it out, and make looks for one."
    else
        advise
    fi
fi
exit 1
