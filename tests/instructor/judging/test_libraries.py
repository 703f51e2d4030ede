"""What honest libraries do is no tampering, and what `check` takes is taken."""

import numpy as np
import pytest
from a_class import answer_code, notebook, solved

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get
from course_lib.instructor.intake.extract import LONGEST

pytestmark = pytest.mark.alone

# Each registers exit hooks, starts threads or processes, or patches something of its own.
LIBRARIES = {
    "pyplot": "import matplotlib.pyplot as plt\nplt.figure()",
    "a temporary folder": "import tempfile\nplace = tempfile.TemporaryDirectory()",
    "a thread pool": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "pool = ThreadPoolExecutor(2)\npool.submit(print, 1).result()"
    ),
    "a process": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''])",
    "tqdm": "from tqdm.auto import tqdm\nfor _ in tqdm(range(2)): pass",
    "logging": "import logging\nlogging.basicConfig()",
    "weakref": "import weakref\nkept = weakref.finalize(np.ones(1).base or print, print)",
    "old names of NumPy": "np.float = float",
}


@pytest.mark.parametrize("place", ["in the function", "in its cell"])
@pytest.mark.parametrize("code", LIBRARIES.values(), ids=LIBRARIES)
def test_a_library_is_no_tampering(verdicts, code, place):
    answer = answer_code("rnn_step")
    if place == "in its cell":
        names = ["plt", "place", "pool", "subprocess", "tqdm", "logging", "kept"]
        used = " or ".join(name for name in names if name in code.split("\n")[-1]) or "True"
        answer = f"{code}\n{answer}".replace("return h_t", f"{used}\n    return h_t")
    else:
        first = answer.index("h_t = ")
        inside = code.replace("\n", "\n    ")
        answer = f"{answer[:first]}{inside}\n    {answer[first:]}"
    found = verdicts(solved(1, rnn_step=answer), ["rnn_step", "rnn_forward"])
    assert {v.outcome for v in found.values()} == {"passed"}, found


def clip(result: str, before: str = "") -> str:
    return (
        f"{before}\ndef clip_by_global_norm(grads, max_norm):\n"
        "    norm = np.sqrt(sum(np.sum(g**2) for g in grads.values()))\n"
        "    scale = min(1.0, max_norm / norm) if norm > 0 else 1.0\n"
        "    clipped = {name: g * scale for name, g in grads.items()}\n"
        f"    return {result}\n"
    )


RESULTS = {
    "namedtuple": ("Both(clipped, norm)", "from typing import NamedTuple\nclass Both(NamedTuple):\n"
                   "    grads: dict\n    norm: float"),
    "collections.namedtuple": ("Both(clipped, norm)", "from collections import namedtuple\n"
                               "Both = namedtuple('Both', 'grads norm')"),
    "a list": ("[clipped, norm]", ""),
    "defaultdict": ("defaultdict(float, clipped), norm", "from collections import defaultdict"),
    "OrderedDict": ("OrderedDict(clipped), norm", "from collections import OrderedDict"),
    "a dict of one's own": ("Grads(clipped), norm", "class Grads(dict): pass"),
    "names of one's own": ("{Name(n): g for n, g in clipped.items()}, norm",
                           "class Name(str): pass"),
    "long double": ("clipped, np.longdouble(norm)", ""),
    "arrays of long double": ("{n: g.astype(np.longdouble) for n, g in clipped.items()}, norm", ""),
    "a float of one's own": ("clipped, Norm(norm)", "class Norm(float): pass"),
    "an array of no axis": ("clipped, np.array(norm)", ""),
    "a view": ("{n: g[...] for n, g in clipped.items()}, norm", ""),
    "an array of one's own": ("{n: g.view(Mine) for n, g in clipped.items()}, norm",
                              "class Mine(np.ndarray): pass"),
    "masked arrays": ("{n: np.ma.array(g) for n, g in clipped.items()}, norm", ""),
    "lists of numbers": ("{n: g.tolist() for n, g in clipped.items()}, norm", ""),
    "what NumPy can read": ("clipped, Number(norm)", "class Number:\n"
        "    def __init__(self, n): self.n = n\n"
        "    def __array__(self, dtype=None, copy=None): return np.array(self.n, dtype)"),
    "a deque": ("{n: deque(g.tolist()) for n, g in clipped.items()}, norm",
                "from collections import deque"),
    "text": ("clipped, 'norm'", ""),
    "complex": ("clipped, norm + 0j", ""),
    "a set": ("clipped, {1.0}", ""),
    "None": ("None", ""),
    "three things": ("clipped, norm, 1", ""),
    "a generator": ("(x for x in (clipped, norm))", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", RESULTS)
def test_what_the_check_takes_is_taken(verdicts, name):
    one, code = "clip_by_global_norm", clip(*RESULTS[name])
    namespace = {"np": np}
    exec(code, namespace)
    own = check_function(get(one), namespace[one])
    found = verdicts(notebook(2, {one: code}), [one])[one]
    assert (found.outcome == "passed") == own.ok, (found.sentence, own.sentence)
    assert found.held == len(own.passed)


def test_a_long_cell_is_read_whole(verdicts):
    long = "# " + "x" * (LONGEST - 5_000) + "\n" + answer_code("rnn_step")
    assert verdicts(solved(1, rnn_step=long), ["rnn_step"])["rnn_step"].outcome == "passed"
