#!/bin/sh
# Print what an environment made here and now is made for and from: this folder, and the checksums
# of what says which packages it gets. Dates would say nothing: those of an unpacked archive are
# older than the environment, and those of a clock that was wrong lie anywhere.

pwd -P
cksum requirements.lock pyproject.toml
