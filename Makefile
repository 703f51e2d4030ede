# One verb per need; `make` alone lists them.
#
# The environment is in .venv, which belongs to this file. Under Linux it is made from
# requirements.lock, whose hashes pip checks. That file lists what Linux needs; elsewhere pip chooses,
# within the bounds of pyproject.toml. .venv/.ready holds the folder that the environment was made
# for, and is written last: where it is missing or names another folder, the environment is half made
# or was moved, and is made afresh.

VENV := .venv
READY := $(VENV)/.ready
PYTHON := "$(CURDIR)/$(VENV)/bin/python"
TF_CPP_MIN_LOG_LEVEL ?= 3
export TF_CPP_MIN_LOG_LEVEL

USABLE := $(shell test "`cat $(READY) 2>/dev/null`" = "$(CURDIR)" && $(VENV)/bin/python -c "" \
    2>/dev/null && echo yes)

.PHONY: help book test check lab notebooks bench clean afresh

help:
	@echo "make book       build the book and check its pages; SOLUTIONS=hidden leaves the solutions out"
	@echo "make test       check everything that the course claims"
	@echo "make check      check what is quick, and what you changed since main: for the inner loop"
	@echo "make lab        open JupyterLab on your own copy of the exercises, in work/"
	@echo "make notebooks  write the exercise and the solution notebooks from their source"
	@echo "make bench      time what the course claims to be fast, and store the results"
	@echo "make clean      remove what was built (not .venv, not work/)"

book: $(READY)
	@$(PYTHON) -m course_lib.authoring.book

test: $(READY)
	@$(PYTHON) -m course_lib.authoring.stages

check: $(READY)
	@$(PYTHON) -m course_lib.authoring.stages check

lab: $(READY)
	@$(PYTHON) -m course_lib.cli start work
	@cd work && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PYTHON) -m jupyterlab

notebooks: $(READY)
	@$(PYTHON) -m course_lib.cli notebooks

bench: $(READY)
	@for name in lstm kernl validate; do $(PYTHON) -m course_lib.cli bench $$name || exit 1; done

clean:
	rm -rf _build build dist .pytest_cache .ruff_cache .hypothesis
	find course_lib tests book -name __pycache__ -prune -exec rm -rf {} +

# Without a usable environment, it is made whatever the dates of the files say.
ifneq ($(USABLE),yes)
$(READY): afresh
endif

afresh:

$(READY): requirements.lock pyproject.toml
	@for python in python3.11 python3 python3.12 python3.13; do \
	    found=; \
	    "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	        2>/dev/null && found=$$python && break; \
	done; \
	if test -z "$$found"; then \
	    echo "make: this needs Python 3.11, 3.12 or 3.13, and finds none: install it" \
	        "(Debian: apt-get install python3 python3-venv)." >&2; \
	    exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "make: $$found lacks its venv module: install it" \
	        "(Debian: apt-get install python3-venv)." >&2; \
	    exit 1; \
	fi; \
	rm -f $(READY); \
	if test "$(USABLE)" = yes; then \
	    echo "Bringing the environment ($(VENV)) up to date."; \
	    quiet=--quiet; \
	else \
	    echo "Making the environment ($(VENV)): a few minutes, 3 GB of disk, only this once."; \
	    "$$found" -m venv --clear $(VENV) || exit 1; \
	    quiet=; \
	fi; \
	case `uname` in \
	    Linux) all="--require-hashes -r requirements.lock" ;; \
	    *) all="-e .[book,test]" ;; \
	esac; \
	pip="$(VENV)/bin/python -m pip --disable-pip-version-check install $$quiet"; \
	$$pip $$all \
	    && $$pip --no-deps --no-build-isolation -e . \
	    && echo "$(CURDIR)" > $(READY) \
	    && echo "The environment is ready."
