#!/bin/sh
# Print "yes" if .venv can be used as it is, and "stale" if what it is made from has changed since;
# fail if it can't be used, nor brought up to date.
#
#     environment/usable.sh [PYTHON]
#
# It must have been finished, for this folder, and its Python must find the course by itself: under
# another version than it was made with, it finds nothing. What an install leaves in a folder
# course_lib beside the packages isn't the course. With PYTHON, it must come from that one.

base_of() {
    "$1" -Ic 'import os, sys; print(os.path.realpath(sys._base_executable))' 2>/dev/null
}

made_from=$(cat .venv/.ready 2>/dev/null)
test "$(printf '%s\n' "$made_from" | head -n 1)" = "$(pwd -P)" \
    && .venv/bin/python -Ic 'import course_lib.cli' 2>/dev/null \
    && { test -z "$1" || test "$(base_of "$1")" = "$(base_of .venv/bin/python)"; } || exit 1

if test "$made_from" = "$(sh environment/made_from.sh)"; then echo yes; else echo stale; fi
