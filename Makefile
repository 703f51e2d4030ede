# One verb per need; `make` alone lists them.
#
# The environment is in .venv, which belongs to this file. Under Linux it is made from
# requirements.lock, whose hashes pip checks; elsewhere pip chooses, within the bounds of
# pyproject.toml. .venv/.ready says for which folder and from what the environment was made, and is
# written last: where it is missing or names another folder, the environment is half made or was
# moved, and is made afresh. So it is where PYTHON names another Python than it was made with.

VENV := .venv
READY := $(VENV)/.ready
# Only from the command line: a PYTHON that a shell exports is meant for something else.
CHOSEN :=
ifeq ($(origin PYTHON),command line)
CHOSEN := $(PYTHON)
endif
# For the shell; a folder may have any name, also one with quotes or dollars in it.
HERE := '$(subst ','\'',$(CURDIR))'
override PYTHON := $(HERE)/$(VENV)/bin/python
TF_CPP_MIN_LOG_LEVEL ?= 3
export TF_CPP_MIN_LOG_LEVEL
# The first two would lead the environment's Python to packages of another place, the others change
# what Python does.
unexport PYTHONHOME PYTHONPATH PYTHONOPTIMIZE PYTHONWARNINGS

ifeq ($(wildcard environment/usable.sh),)
$(error This works in the folder of the course: go there, or name it with -C in place of -f)
endif
USABLE := $(shell sh environment/usable.sh '$(CHOSEN)')

# Each goal uses all cores by itself, and "book" and "test" write into the same folder.
.NOTPARALLEL:

.PHONY: help book pdf sphinx test check lab notebooks bench gpu lock clean afresh

help:
	@echo "make book       build the book and check its pages; SOLUTIONS=hidden leaves the solutions out"
	@echo "make pdf        print the built book: _build/pdf/book.pdf (needs Chromium)"
	@echo "make sphinx     build it with Sphinx alone, and compare the pages with those of make book"
	@echo "make test       test every part: a few cases of each quick test and each proof, all"
	@echo "                notebooks, the pages; ALL=1 runs all cases, and the slow tests too"
	@echo "make check      check quickly what you changed since main: for the inner loop; ALL=1 runs"
	@echo "                the slow tests of that, too"
	@echo "make lab        open JupyterLab on your own copy of the exercises, in work/;"
	@echo "                ARGS=\"--no-browser --port 9000\" hands it options"
	@echo "make notebooks  write the exercise and the solution notebooks from their source"
	@echo "make bench      time what the course claims to be fast, and store the results"
	@echo "make gpu        try on a GPU what the course claims of one, and store the results"
	@echo "make lock       compile requirements.lock, after a change of the dependencies (needs uv)"
	@echo "make clean      remove what was built (not .venv, not work/)"
	@echo "make book PYTHON=python3.13, or test, lab, ...: chooses the Python of the environment"

book: $(READY)
	@$(PYTHON) -m course_lib.authoring.book

sphinx: $(READY)
	@$(PYTHON) -m course_lib.authoring.plain_sphinx

pdf: book
	@$(PYTHON) -m course_lib.authoring.pdf

test: $(READY)
	@$(PYTHON) -m course_lib.authoring.stages $(if $(ALL),all,few)

check: $(READY)
	@$(PYTHON) -m course_lib.authoring.stages check $(if $(ALL),slow)

lab: $(READY)
	@$(PYTHON) -m course_lib.cli start work
	@PATH=$(HERE)/$(VENV)/bin:"$$PATH" exec $(PYTHON) -m course_lib.lab work $(ARGS)

notebooks: $(READY)
	@$(PYTHON) -m course_lib.cli notebooks

bench: $(READY)
	@for name in lstm kernl scan stream checks validate cluster; do $(PYTHON) -m course_lib.cli bench $$name || exit 1; done

gpu: $(READY)
	@$(PYTHON) -m course_lib.cli gpu

# For all Pythons of pyproject.toml at once, whichever runs uv.
lock:
	@uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	    --no-annotate --no-header --quiet --extra book --extra test -o requirements.lock pyproject.toml

clean:
	@test -w . || { echo "make: this folder can't be written to." >&2; exit 1; }
	rm -rf _build build dist .pytest_cache .ruff_cache .hypothesis
	find course_lib tests book -name __pycache__ -prune -exec rm -rf {} +

# Contents decide whether there is something to do, never the dates of files.
ifneq ($(USABLE),yes)
$(READY): afresh
endif

afresh:

# After Ctrl-C make ends by itself, and make.py says so; the second line is for a make that lives on.
$(READY):
ifeq ($(USABLE),stale)
	@$(PYTHON) environment/make.py
else
	@python=`sh environment/find_python.sh '$(CHOSEN)'` && exec "$$python" environment/make.py
endif
	@test -e $(READY)
