"""What is run of a notebook: all that the asked-for functions need, and nothing else."""

import ast
import asyncio
import inspect
import json
import time
from pathlib import Path

import pytest

from course_lib.exercises.calling.guard import time_limit
from course_lib.exercises.registry import CHAPTERS
from course_lib.reading.run import MODULE, read, run

TRAP = "raise SystemExit('this must not run')"


def taken(*cells, roots=("f",), starts=None, **limits):
    program, notebook = read("nb.ipynb", list(enumerate(cells, 1)))
    run(program, notebook, roots, starts or {}, time_limit, **limits)
    return notebook


# What a notebook may do to have f() == 6, one idea each; every cell runs in Jupyter.
IN_JUPYTER = {
    "arithmetic": ["EPS = 2 * 3", "def f(): return EPS"],
    "a call": ["N = len('abcdef')", "def f(): return N"],
    "if": ["import sys", "if sys.maxsize > 1:\n    N = 6\nelse:\n    N = 7", "def f(): return N"],
    "a function under if": ["if True:\n    def f(): return 6"],
    "a loop that fills a list": [
        "parts = []\nfor k in range(4):\n    parts.append(k)",
        "def f(): return sum(parts)",
    ],
    "a loop that fills a dict": [
        "table = {}\nfor k in range(4): table[k] = k",
        "def f(): return sum(table.values())",
    ],
    "while": ["n = 0\nwhile n < 6:\n    n += 1", "def f(): return n"],
    "with": [
        "import contextlib\nwith contextlib.suppress(KeyError):\n    N = 6",
        "def f(): return N",
    ],
    "await": [
        "import asyncio\nasync def wait(): return 6",
        "N = await wait()\nawait asyncio.sleep(0)",
        "def f(): return N",
    ],
    "async with and for": [
        "import contextlib\n@contextlib.asynccontextmanager\nasync def held():\n    yield 2",
        "async def count():\n    yield 3",
        "async with held() as two:\n    async for three in count():\n        N = two * three",
        "def f(): return N",
    ],
    "a task that a later cell awaits": [
        "import asyncio\nasync def work():\n    await asyncio.sleep(0)\n    return 6",
        "task = asyncio.create_task(work())",
        "N = await task",
        "def f(): return N",
    ],
    "a lock that two cells use": [
        "import asyncio\nlock = asyncio.Lock()",
        "async def hold():\n    async with lock:\n        await asyncio.sleep(0)\n        return 3",
        "a = await asyncio.gather(hold(), hold())",
        "b = await asyncio.gather(hold(), hold())",
        "def f(): return (sum(a) + sum(b)) // 2",
    ],
    "augmented": ["N = 2", "N *= 3", "def f(): return N"],
    "an import under try": [
        "try:\n    from no_such import tool as tool\nexcept ImportError:\n    tool = int",
        "def f(): return tool(6)",
    ],
    "a type alias": [
        "import numpy as np\nVector = np.ndarray | None",
        "def f(x: Vector = None) -> Vector: return 6",
    ],
    "a string as annotation": ["def f(x: 'Nowhere' = 6): return x"],
    "from future": [
        "from __future__ import annotations",
        "def f(x: Nowhere = 6) -> Nowhere: return x",
    ],
    "partial": [
        "from functools import partial",
        "def _f(n): return 2 * n",
        "f = partial(_f, 3)",
    ],
    "an object with __call__": [
        "class F:\n    def __init__(self, n): self.n = n\n    def __call__(self): return self.n",
        "f = F(6)",
    ],
    "a bound method": ["class F:\n    def six(self): return 6", "f = F().six"],
    "lambda": ["N = 6", "f = lambda: N"],
    "another name": ["def my_f(): return 6", "f = my_f"],
    "a decorator": [
        "import functools\ndef twice(g):\n    @functools.wraps(g)\n"
        "    def inner(): return 2 * g()\n    return inner",
        "@twice\ndef f(): return 3",
    ],
    "a decorator with an argument": [
        "N = 2\ndef times(n): return lambda g: lambda: n * g()",
        "@times(N)\ndef f(): return 3",
    ],
    "lru_cache": ["from functools import lru_cache", "@lru_cache\ndef f(): return 6"],
    "a default": ["N = 6", "def f(n=N): return n"],
    "a class base": ["class A:\n    N = 6", "class B(A): pass", "def f(): return B.N"],
    "an attribute set later": ["class A: pass", "A.N = 6", "def f(): return A.N"],
    "a method put in later": [
        "class A: pass",
        "A.six = lambda self: 6",
        "def f(): return A().six()",
    ],
    "a comprehension": ["parts = [k for k in range(4)]", "def f(): return sum(parts)"],
    "unpacking": ["(A, *B) = 1, 2, 3", "def f(): return A + sum(B)"],
    "the walrus": ["if (N := 6) > 1:\n    pass", "def f(): return N"],
    "match": ["match [6]:\n    case [N]: pass", "def f(): return N"],
    "global in a set-up": ["def setup():\n    global N\n    N = 6", "setup()", "def f(): return N"],
    "filled by a function": [
        "table = []\ndef fill(t): t.append(6)",
        "fill(table)",
        "def f(): return table[0]",
    ],
    "filled by a function that knows it": [
        "table = []\ndef fill(): table.append(6)",
        "fill()",
        "def f(): return table[0]",
    ],
    "shuffled in place": [
        "import random\nparts = [1, 2, 3]\nrandom.shuffle(parts)",
        "def f(): return sum(parts)",
    ],
    "NumPy in place": [
        "import numpy as np\nw = np.zeros(2)",
        "np.copyto(w, [2.0, 4.0])",
        "def f(): return w.sum()",
    ],
    "a helper of a helper": [
        "N = 3",
        "def g(): return N",
        "def h(): return 2 * g()",
        "f = lambda: h()",
    ],
    "a helper below": ["def f(): return g()", "def g(): return 6"],
    "a star import": ["from math import *", "def f(): return floor(6.5)"],
    "eval": ["N = 6", "def f(): return eval('N')"],
    "globals()": ["def g(): return 6", "def f(): return globals()['g']()"],
    "main": ["if __name__ == '__main__':\n    N = 6", "def f(): return N"],
    "main, with a name": ["M = 2\nif __name__ == '__main__':\n    N = 3 * M", "def f(): return N"],
    "a raised recursion limit": [
        "import sys\nsys.setrecursionlimit(9000)",
        "def down(n): return 0 if n == 0 else 1 + down(n - 1)",
        "def f(): return down(5000) - 4994",
    ],
    "a memo": ["memo = {}", "def f():\n    memo['x'] = 6\n    return memo['x']"],
    "nested": ["N = 6", "def f():\n    def g():\n        return N\n    return g()"],
    "a method uses it": ["N = 6", "class A:\n    def g(self): return N", "def f(): return A().g()"],
    "try and finally": ["try:\n    N = 6\nfinally:\n    M = 0", "def f(): return N + M"],
    "a dataclass": [
        "from dataclasses import dataclass",
        "@dataclass\nclass A:\n    n: int = 6",
        "def f(): return A().n",
    ],
    "namedtuple": [
        "from collections import namedtuple\nA = namedtuple('A', 'n')",
        "def f(): return A(6).n",
    ],
    "display in a function": ["def f():\n    display('x')\n    return 6"],
    "written again": ["def f(): return 5", "def f(): return 6"],
    "the check comes before other uses of a name": [
        "T = 6",
        "def f(): return T",
        "check(f)",
        f"for T in (10, 20):\n    {TRAP}",
    ],
    # magics
    "pip over two lines": ["!pip install \\\n    numpy", "def f(): return 6"],
    "pip beside code": ["%pip install numpy\nN = 6\n!ls\ndef f(): return N"],
    "a timed cell": ["%%time\nN = 6", "def f(): return N"],
    "a captured cell": ["%%capture out\nN = 6", "def f(): return N"],
    "two cell magics": ["%%time\n%%capture\nN = 6", "def f(): return N"],
    "a cell magic of an extension": ["%%memit\nN = 6", "def f(): return N"],
    "a timed statement": ["%time N = 6", "def f(): return N"],
    "matplotlib inline": ["%matplotlib inline\nN = 6\nN?", "def f(): return N"],
    "a magic in a function": ["def f():\n    %matplotlib inline\n    return 6"],
    "a magic that is bound": ["files = !ls\nN = 6", "def f(): return N"],
}  # fmt: skip


@pytest.mark.parametrize("cells", IN_JUPYTER.values(), ids=IN_JUPYTER)
def test_what_runs_in_jupyter_runs_here(cells):
    notebook = taken(*cells)
    f = notebook.answer("f")
    assert f is not None, notebook.remarks
    assert f() == 6
    assert not notebook.remarks


@pytest.mark.parametrize(
    "cell",
    [
        TRAP,
        f"for epoch in range(3):\n    {TRAP}",
        f"if True:\n    {TRAP}",
        f"losses = []\nwhile True:\n    {TRAP}",
        f"with open('nowhere') as file:\n    {TRAP}",
        f"def train(): {TRAP}\ntrain()",
        f"def train(g): {TRAP}\nhistory = train(f)",
        f"def train(w): w.append({TRAP!r}); {TRAP}\nweights = []\ntrain(weights)",
        f"import no_such_module\n{TRAP}",
        "x = y = z = undefined_name",
        f"class Trap:\n    {TRAP}",
        f"try:\n    {TRAP}\nexcept ValueError:\n    pass",
        f"[{'f'}() for _ in range(1)]\n{TRAP}",
        f"import numpy as np\nnp.save('x', f())\n{TRAP}",
        f"def g(h=f):\n    {TRAP}\ng()",
        "%%bash\nrm -rf nothing",
        "%%bash --out said\nrm -rf nothing",
        "%run nowhere.py",
    ],
)
def test_what_no_function_needs_does_not_run(cell):
    notebook = taken(
        "import numpy as np", "memo = {}\ndef f():\n    memo[1] = 6\n    return 6", cell
    )
    assert notebook.answer("f")() == 6
    assert [one for one in notebook.remarks if "bash" not in one] == []


STUB = 'def f():\n    raise NotImplementedError("IMPLEMENT-ME: the state")\n    return h'


def test_the_written_one_counts_wherever_the_stub_stands():
    assert taken("def f(): return 6", STUB).answer("f")() == 6
    assert taken(STUB, "def f(): return 6").answer("f")() == 6
    assert taken(STUB, "from functools import partial\nf = partial(int, 6)").answer("f")() == 6
    with pytest.raises(NotImplementedError):
        taken(STUB, STUB).answer("f")()
    raises = "def f(x=2):\n    if x < 0:\n        raise ValueError(x)\n    return 3 * x"
    assert taken(raises, STUB).answer("f")() == 6


def test_of_a_hunt_the_changed_code_counts_wherever_the_wrong_one_stands():
    wrong, right = "def f():\n    return 5", "def f():\n    return 6"
    assert taken(right, wrong + "  # as released", starts={"f": wrong}).answer("f")() == 6
    assert taken(wrong, starts={"f": wrong}).answer("f")() == 5


def test_what_fails_is_said_and_the_rest_goes_on():
    notebook = taken("N = undefined", "def f(): return 6 if True else N")
    assert notebook.answer("f")() == 6
    assert notebook.remarks == [
        "Cell 1, line 1 was left out: NameError: name 'undefined' is not defined."
    ]
    notebook = taken("f = undefined")
    assert notebook.answer("f") is None
    assert "NameError" in notebook.failures["f"].sentence


def test_one_endless_statement_does_not_cost_the_others():
    began = time.monotonic()
    notebook = taken("while True: N = 1", "def f(): return 6 or N", each=0.2)
    assert notebook.answer("f")() == 6
    assert "still running after" in notebook.remarks[0]
    assert time.monotonic() - began < 5


# Each goes on after it was cancelled: one as often as that happens, one without ever waiting.
UNDYING = {
    "awaits": "        try:\n            await asyncio.sleep(0.01)\n",
    "never awaits again": "        try:\n            await asyncio.sleep(60)\n",
}


@pytest.mark.parametrize("kind", UNDYING)
@pytest.mark.parametrize("after", ["await asyncio.sleep(60)", "await asyncio.sleep(0)"])
def test_a_task_that_does_not_let_itself_be_cancelled_is_left_behind(kind, after):
    last = "            while kind == 'never awaits again': pass\n"
    body = f"    while True:\n{UNDYING[kind]}        except asyncio.CancelledError:\n{last}"
    began = time.monotonic()
    notebook = taken(
        f"import asyncio\nkind = {kind!r}\nasync def undying():\n{body}",
        f"task = asyncio.create_task(undying())\nN = 6; {after}; M = task",
        f"task; {after}\nL = [task, await asyncio.sleep(0)]",
        "def f(): return N\ndef g(): return L",
        roots=("f", "g"),
        each=0.3,
    )
    assert time.monotonic() - began < 8
    assert notebook.answer("f")() == 6


def test_notebooks_with_and_without_await_are_read_inside_a_running_loop():
    async def around():
        began = asyncio.create_task(asyncio.sleep(0, "ours"))
        inner = [taken(*IN_JUPYTER[one]) for one in IN_JUPYTER if "await" in one]
        loop = asyncio.get_running_loop()
        return [one.answer("f")() for one in inner], await began, loop is began.get_loop()

    assert asyncio.run(around()) == ([6, 6], "ours", True)


def test_what_a_cancelled_task_still_does_is_waited_for():
    notebook = taken(
        "import asyncio\nsaid = []",
        "async def work():\n    try:\n        await asyncio.sleep(60)\n    finally:\n"
        "        said.append('closed')",
        "task = asyncio.create_task(work())\nawait asyncio.sleep(0)\nN = await asyncio.sleep(0, 6)",
        "def f(): return N, said, task",
    )
    assert notebook.answer("f")()[:2] == (6, ["closed"])


def test_a_notebook_without_await_may_start_a_loop_of_its_own():
    cells = ["import asyncio", "async def work(): return 6", "N = asyncio.run(work())"]
    assert taken(*cells, "def f(): return N").answer("f")() == 6


def test_all_together_have_an_end():
    loops = [f"while True: N{i} = 1" for i in range(50)]
    uses = " or ".join(["6", *(f"N{i}" for i in range(50))])
    notebook = taken(*loops, f"def f(): return {uses}", each=0.2, all_of_them=0.5)
    assert "had used up its seconds" in notebook.remarks[-1]
    assert notebook.answer("f") is None
    assert notebook.failures["f"].error is None


def test_on_a_busy_machine_nothing_more_is_left_out():
    """What waits for a processor, as here for a clock, uses up none of the others' seconds."""
    wait = "import time\nN = time.sleep(0.6) or 2"
    notebook = taken(wait, "M = 3", "def f(): return N * M", each=0.4, all_of_them=0.4)
    assert notebook.remarks == []
    assert notebook.answer("f")() == 6


@pytest.mark.parametrize(
    "cell", ["def broken(:", "(" * 5000 + ")" * 5000, "x = \0", "-" * 100_000 + "1", "\ud800"]
)
def test_a_cell_that_is_no_python_is_said(cell):
    notebook = taken(cell, "def f(): return 6")
    assert notebook.answer("f")() == 6
    assert notebook.remarks[0].startswith("Cell 1 was left out: ")


@pytest.mark.parametrize("before", ["", "<<<<<<< HEAD\n", "%%time\n"])
def test_what_such_a_cell_would_define_says_why_it_is_missing(before):
    notebook = taken(f"{before}def f():\n    return (6\n\nclass G:\n    def h(self): pass")
    assert set(notebook.failures) == {"f", "G"}
    assert "syntax error" in notebook.failures["f"].sentence


@pytest.mark.parametrize(
    "deep",
    ["-" * 100_000 + "1", "1" + "+ 1" * 50_000, "y" + ".y" * 50_000, "lambda: " * 20_000 + "1"],
)
def test_what_the_parser_finds_too_deep_is_said_so_and_took_no_memory(deep):
    failure = taken(f"def f():\n    return {deep}").failures["f"]
    assert failure.sentence == "Cell 1 was left out: it is not Python (nested too deeply)."
    assert isinstance(failure.error, SyntaxError), "nobody hears of a memory limit"


def test_what_is_imported_from_the_course_is_no_answer():
    assert taken("from course_lib.scratch.rnn import rnn_step as f").answer("f") is None
    cells = "from functools import partial\nfrom course_lib.scratch import rnn"
    assert taken(cells, "f = partial(rnn.rnn_step, 1)").answer("f") is None
    assert taken(cells, "f = rnn.rnn_step").answer("f") is None


def test_functions_say_where_they_are_from():
    assert taken("def f(): return 6").answer("f").__module__ == MODULE
    code = "def f():\n    return 6\n"
    assert inspect.getsource(taken(f"N = 1\n{code}").answer("f")) == code


def test_whose_answer_a_function_may_be():
    cells = ["def rnn_step(): pass", "N = 1\ndef mine(): pass", "class GruCell: pass", "x = 2"]
    program, notebook = read("nb.ipynb", list(enumerate(cells, 1)))
    assert notebook.names == {"rnn_step", "N", "mine", "GruCell", "x"}
    roles = {1: "gru_cell", 2: "lstm_step", 4: "softmax"}
    assert program.answers(["rnn_step", "lstm_step", "gru_cell", "softmax"], roles) == {
        "rnn_step": ["rnn_step"],  # its own name
        "lstm_step": ["mine"],  # in its cell
        "gru_cell": ["rnn_step", "GruCell"],  # in its cell, and called almost the same
        "softmax": [],  # no function and no class
    }


def test_lines_keep_their_numbers_below_a_cell_magic():
    notebook = taken("%%time\nN = 6\nf = undefined")
    assert notebook.remarks[0].startswith("Cell 1, line 3 ")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
@pytest.mark.parametrize("folder", ["exercises", "solutions"])
def test_of_the_courses_notebooks_only_imports_and_definitions_run(folder, chapter):
    file = Path(__file__).parents[2] / folder / f"{chapter.notebook}.ipynb"
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    code = [(i, "".join(c["source"])) for i, c in enumerate(cells, 1) if c["cell_type"] == "code"]
    program, _ = read(file.name, code)
    kinds = {type(one.tree) for one in program.needed(chapter.exercises, {})}
    assert kinds <= {ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef}


def test_what_waits_for_an_exercise_is_not_run_for_a_name_that_is_made_elsewhere():
    """It said of each such cell that when_passed isn't there while notebooks are validated."""
    shown = "if when_passed('g'):\n    for step in range(3): print(step)"
    assert taken(shown, "step = lambda: 6", "def f(): return step()").remarks == []
    own = taken("if when_passed('g'):\n    step = int", "def f(): return step()").remarks
    assert ["when_passed" in one for one in own] == [True]  # says why the name isn't there
