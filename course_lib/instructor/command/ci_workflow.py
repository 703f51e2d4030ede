"""`course ci init`: a workflow for GitHub Actions that an instructor can read in a minute."""

from pathlib import Path

from course_lib.instructor.errors import BadUsage

PLACE = Path(".github") / "workflows" / "course.yml"

WORKFLOW = """\
# The course's own tests, the book, and the validation of the folder `submissions`.
# Written by `course ci init`; yours to change.
name: course

on:
  push:
    branches: [main]
  pull_request:

# Nothing here writes to the repository; results of tests are shown in the pull request.
permissions:
  contents: read
  checks: write

jobs:
  test:
    runs-on: ubuntu-24.04
    timeout-minutes: 90
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - uses: actions/cache@v4
        with:
          path: .venv
          key: venv-${{ runner.os }}-${{ hashFiles('requirements.lock', 'pyproject.toml') }}
      - name: Tools of the tests
        run: sudo apt-get update && sudo apt-get install --yes bubblewrap chromium-browser
      - name: Let the sandbox make namespaces
        run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
      - run: make test
      - run: make book
      - uses: actions/upload-artifact@v4
        with:
          name: book
          path: _build/html

  submissions:
    runs-on: ubuntu-24.04
    timeout-minutes: 60
    # Only what was pushed to this repository; grades don't belong in a stranger's pull request.
    if: github.event_name == 'push' || !github.event.pull_request.head.repo.fork
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
          cache: pip
      - name: A sandbox that may make namespaces
        run: |
          sudo apt-get update && sudo apt-get install --yes bubblewrap
          sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
      - run: pip install .
      - name: Validate
        run: |
          if [ -d submissions ]; then
            course validate submissions --out results
          else
            echo "There is no folder submissions: nothing to validate."
          fi
      - name: Show the results
        if: always() && hashFiles('results/junit.xml') != ''
        uses: mikepenz/action-junit-report@v5
        with:
          report_paths: results/junit.xml
      - uses: actions/upload-artifact@v4
        if: always() && hashFiles('results/index.html') != ''
        with:
          name: results
          path: results
"""


def init(folder: Path) -> Path:
    """Write the workflow into a repository.

    Raises:
        BadUsage: if there is one already, which is never overwritten.
    """
    file = folder / PLACE
    if file.exists():
        raise BadUsage(f"{file} is there already; it is yours, and stays as it is.")
    if not folder.is_dir():
        raise BadUsage(f"There is no folder {folder}.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(WORKFLOW, encoding="utf-8")
    return file
