"""What this machine has of what the course needs, and for what is missing the one thing to do."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from course_lib.cores import allowed
from course_lib.hindrances import cut_off

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)  # as in pyproject.toml
LEAST_FREE = 1.0  # GB: the full MNIST, the built book and a learner's copy fit in it
TENSORFLOW_SECONDS = 180  # a first import from a slow disk takes a minute

# Flags of XLA are read when it first compiles; one that it doesn't know ends the process.
ASK_TENSORFLOW = """
import json, tensorflow as tf
tf.function(lambda: tf.zeros(1) + 1, jit_compile=True)()
devices = {kind: len(tf.config.list_physical_devices(kind)) for kind in ("CPU", "GPU")}
print(json.dumps({"version": tf.__version__, **devices}))
"""
# What TensorFlow says as its last word, with the time before it.
UNKNOWN_FLAG = re.compile(r"Unknown flag in (\w+): (\S+)")


@dataclass(frozen=True)
class Finding:
    """One line of the table.

    Args:
        what: what was looked at.
        ok: whether it is as it should be.
        found: what there is.
        todo: the one thing to do; empty if there is nothing to do.
        essential: whether the course can't be worked through without it.
    """

    what: str
    ok: bool
    found: str
    todo: str = ""
    essential: bool = True


def examine() -> list[Finding]:
    """Look at everything; nothing is changed and nothing is downloaded."""
    tensorflow = ask_tensorflow()
    return [
        python(),
        tensorflow_version(tensorflow),
        devices(tensorflow),
        bundled_data(),
        full_data(),
        disk(Path.cwd()),
        kernel(),
        browser(),
        sandbox(),
    ]


def python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    """Python itself."""
    found = f"{'.'.join(map(str, version))} ({sys.executable})"
    ok = OLDEST_PYTHON <= version[:2] <= NEWEST_PYTHON
    return Finding("Python", ok, found, "" if ok else "Install Python 3.11, 3.12 or 3.13.")


def ask_tensorflow(
    run: Callable[..., subprocess.CompletedProcess] = subprocess.run,
) -> dict | str:
    """Version and devices, or in words why there are none.

    In a process of its own: on a CPU that it can't run on, TensorFlow ends the process.
    """
    try:
        done = run(
            # Without -P it would import what lies in the folder, which may be a student's.
            [sys.executable, "-P", "-c", ASK_TENSORFLOW],
            capture_output=True,
            text=True,
            timeout=TENSORFLOW_SECONDS,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    except subprocess.TimeoutExpired:
        return f"its import took longer than {TENSORFLOW_SECONDS} s"
    if done.returncode < 0:
        return "its import crashed: this CPU may lack AVX, which TensorFlow needs"
    try:
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        lines = done.stderr.strip().splitlines()
        return lines[-1][:200] if lines else f"its import ended with code {done.returncode}"


def tensorflow_version(answer: dict | str) -> Finding:
    """TensorFlow can be imported."""
    if isinstance(answer, dict):
        return Finding("TensorFlow", True, answer["version"])
    from course_lib.closed_pipe import NO_TEMPORARY, lacks_temporary

    todo = f"{_python_m('pip install --force-reinstall tensorflow')}"
    if flag := UNKNOWN_FLAG.search(answer):
        answer = f"it doesn't know a flag in {flag[1]}: {flag[2]}"
        todo = f"Take that flag out of {flag[1]}, or: unset {flag[1]}"
    if lacks_temporary(answer):
        todo = NO_TEMPORARY
    return Finding("TensorFlow", False, answer, todo)


def devices(answer: dict | str) -> Finding:
    """What TensorFlow computes on. A CPU is enough for everything but the full-length runs."""
    if isinstance(answer, str):
        return Finding("Devices", False, "unknown without TensorFlow", "See TensorFlow.")
    cores = allowed()
    cpu = f"CPU ({cores} core{'s' if cores > 1 else ''})"
    if answer["GPU"]:
        return Finding("Devices", True, f"{cpu}, {answer['GPU']} GPU")
    if shutil.which("nvidia-smi"):
        return Finding(
            "Devices",
            False,
            f"{cpu}; there is an NVIDIA GPU that TensorFlow doesn't see",
            _python_m("pip install 'tensorflow[and-cuda]'"),
            essential=False,
        )
    return Finding("Devices", True, f"{cpu}, no GPU: enough for all exercises")


def bundled_data() -> Finding:
    """The subset of MNIST that comes with the package."""
    from course_lib.data import DataError, load_mnist

    try:
        mnist = load_mnist("subset")
    except (DataError, OSError) as error:
        return Finding("Data, bundled", False, str(error), "Install course-lib again.")
    sizes = f"{len(mnist.y_train):,} train, {len(mnist.y_test):,} test"
    return Finding("Data, bundled", True, f"MNIST subset ({sizes})")


def full_data() -> Finding:
    """The full MNIST, which only the full-length runs need."""
    from course_lib.data import find_full_mnist, problem_with_full_mnist

    file = find_full_mnist()
    if file is not None:
        problem = problem_with_full_mnist(file)
        todo = "Delete that file, or name another in COURSE_MNIST." if problem else ""
        found = problem or f"MNIST in {file}"
        return Finding("Data, full", problem is None, found, todo, essential=False)
    return Finding(
        "Data, full",
        False,
        "full MNIST not here; only `course reproduce` needs it",
        "Nothing now: it is downloaded when needed (11 MB), or name a file in COURSE_MNIST.",
        essential=False,
    )


def disk(folder: Path) -> Finding:
    """Free space where the work is done."""
    free = shutil.disk_usage(folder).free / 1e9
    ok = free >= LEAST_FREE
    todo = "" if ok else f"Free some space: {LEAST_FREE:.0f} GB is enough."
    return Finding("Disk", ok, f"{free:.1f} GB free", todo, essential=False)


def kernel() -> Finding:
    """Notebooks ask for the kernel python3; it must be this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    from course_lib.closed_pipe import NO_TEMPORARY, lacks_temporary

    if problem := cut_off():
        return Finding("Jupyter kernel", False, "it can't be reached", problem)
    todo = _python_m("ipykernel install --sys-prefix")
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
        program = spec.argv[0]
    except OSError as error:  # such as an IPYTHONDIR that can't be made
        todo = "Jupyter must be able to read and write there; if a variable such as IPYTHONDIR "
        todo += "names that folder, unset it."
        todo = NO_TEMPORARY if lacks_temporary(error) else todo
        return Finding("Jupyter kernel", False, f"no usable kernel python3: {error}", todo)
    except (NoSuchKernel, ValueError, IndexError):
        return Finding("Jupyter kernel", False, "no usable kernel python3", todo)
    # "python" without a folder is replaced by the Python that Jupyter runs in. Folders are
    # compared, because the programs of all environments are links to one and the same file.
    folder = Path(program).parent
    if folder.is_absolute() and folder.resolve() != Path(sys.executable).parent.resolve():
        if not Path(spec.resource_dir).is_relative_to(sys.prefix):
            # Where Jupyter looks first, by JUPYTER_PATH or JUPYTER_PREFER_ENV_PATH: one installed
            # into this environment would stay behind it.
            todo = f"Take {spec.resource_dir} out of Jupyter's way: unset JUPYTER_PATH and "
            todo += "JUPYTER_PREFER_ENV_PATH, or rename that folder; then run "
            todo += _python_m("ipykernel install --sys-prefix")
        return Finding("Jupyter kernel", False, f"python3 is another Python: {program}", todo)
    return Finding("Jupyter kernel", True, "python3")


def browser() -> Finding:
    """The browser that the tests of the book use."""
    from course_lib.authoring.browser import find_chromium

    file = find_chromium()
    if file:
        return Finding("Browser for tests", True, file, essential=False)
    return Finding(
        "Browser for tests",
        False,
        "no chromium; only the book's own tests need it",
        "apt-get install chromium (Debian)",
        essential=False,
    )


def sandbox() -> Finding:
    """What keeps students' code in, when an instructor validates a class."""
    from course_lib.instructor.errors import NoSandbox

    what, none = "Sandbox", "none works here; only `course validate` needs it"
    try:
        from course_lib.instructor.sandbox.available import find_sandbox

        kind = find_sandbox()
    except NoSandbox as error:
        todo = (
            "apt-get install bubblewrap libseccomp2 (Debian, Ubuntu); `course validate` says more."
        )
        if "chmod" in str(error):  # what it takes is there, and can't be read
            todo = str(error)
        return Finding(what, False, none, todo, essential=False)
    except ModuleNotFoundError:  # Windows
        return Finding(what, False, none, "It needs Linux: on Windows, use WSL.", essential=False)
    if kind == "bubblewrap":
        return Finding(what, True, "bubblewrap", essential=False)
    return Finding(what, True, f"{kind}, made by Python (without bubblewrap)", essential=False)


def _python_m(rest: str) -> str:
    return f"{sys.executable} -m {rest}"


def main(as_json: bool) -> int:
    """Print the findings; the number to exit with: 0 if everything essential is there."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console()
    # To stderr, so that stdout holds the answer alone.
    with Console(stderr=True).status("Looking, TensorFlow takes a moment"):
        findings = examine()
    fine = all(finding.ok for finding in findings if finding.essential)
    if as_json:
        print(json.dumps({"ok": fine, "findings": [asdict(f) for f in findings]}, indent=1))
        return 0 if fine else 1
    table = Table("", "what", Column("found", overflow="fold"))  # a path is shown whole
    for finding in findings:
        mark = "OK" if finding.ok else "missing" if finding.essential else "optional"
        style = {"OK": "green", "missing": "bold red", "optional": "yellow"}[mark]
        # Text, because in a plain string rich would take [and-cuda] for a style.
        table.add_row(Text(mark, style), Text(finding.what), Text(finding.found))
    console.print(table)
    for finding in findings:
        if finding.todo:  # below the table and unbroken, so that a command can be copied
            console.print(Text(f"{finding.what}: {finding.todo}"), soft_wrap=True)
    console.print(
        "Everything that the course needs is here." if fine else "Something is missing: see above."
    )
    return 0 if fine else 1
