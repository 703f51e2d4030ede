"""The judge's files as they lie in the sandbox, all in one folder, without its walls."""

import subprocess
import sys
from pathlib import Path

from course_lib.instructor.sandbox.view import FILES

FOLDERS = sorted({str(Path(file).parents[name.count("/")]) for name, file in FILES.items()})
OWN = "graphs, guard, imports, messages, outside, own_parts, student"


def run_in_there(code: str) -> str:
    """What code prints that has the judge's modules."""
    before = f"import sys\nsys.path[:0] = {FOLDERS!r}\nimport {OWN}\n"
    done = subprocess.run(
        [sys.executable, "-B", "-c", before + code], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
