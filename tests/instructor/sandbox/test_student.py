import pytest
from in_there import run_in_there

import course_lib.graphs


@pytest.mark.parametrize(
    "line",
    [
        "from course_lib.graphs import trace",
        "from course_lib.graphs.tracing import trace",
        "from course_lib import graphs; trace = graphs.trace",
        "import course_lib; trace = course_lib.graphs.tracing.trace",
        "import course_lib.graphs.tracing as t; trace = t.trace",
    ],
)
def test_what_a_notebook_imports_of_graphs_is_there_as_in_jupyter(line):
    there: dict = {}
    exec(line, there)
    assert there["trace"] is course_lib.graphs.trace
    code = f"""
sys.meta_path.insert(0, imports.Course())
there = {{}}
exec({line!r}, there)
print(there["trace"] is graphs.trace)
"""
    assert run_in_there(code) == "True\n"


def test_a_file_named_like_a_package_of_the_judges_is_no_package():
    code = """
imports.JUDGES = {"graphs"}  # as in the sandbox, where all lie in one folder
sys.meta_path.insert(1, imports.Beside({"graphs": "x = 3"}))
import graphs
print(graphs.x, student.graphs is not graphs)
try:
    import graphs.tracing
except ModuleNotFoundError as error:
    print(error)
"""
    told = "No module named 'graphs.tracing'; 'graphs' is not a package"
    assert run_in_there(code) == f"3 True\n{told}\n"


def test_a_time_limit_that_falls_anywhere_is_told_in_a_sentence():
    """On a busy machine it fell where a call had just ended, and "out of time" was all one read."""
    code = """
import socket, threading

def late(self):
    self.name = "rnn_step"
    raise guard.TookTooLong(3.0)

student.Student.choose = late
here, there = socket.socketpair()
threading.Thread(target=student.serve, args=(there,), daemon=True).start()
channel = messages.Channel(here)
channel.send({"do": "choose", "with": {}})
print(channel.receive()["answer"]["unusable"])
"""
    said = "rnn_step was still running after 3 seconds: look for a loop that never ends.\n"
    assert run_in_there(code) == said


def test_what_every_notebook_needs_is_there_before_the_fork():
    """What a child loads or compiles first, each child of a class would load and compile again."""
    code = """
import re, sys
import numpy as np

compile, compiled = re._compiler.compile, []
re._compiler.compile = lambda *given: compiled.append(given[0]) or compile(*given)
before = set(sys.modules)
cells = [(1, "import numpy as np"), (2, "%time a = 1"), (3, "def f(x):\\n    return x + a")]
program, taken = student.reading.run.read("02.ipynb", cells)
student.reading.run.run(program, taken, ["f"], {})
messages.unpack(messages.pack({"x": [np.ones(2), np.float64(3), "a"]})[4:])
messages.fingerprint(np.ones(2))
own = {student.reading.run.MODULE}
print(taken.values["f"](2), sorted(set(sys.modules) - before - own), compiled)
"""
    assert run_in_there(code) == "3 [] []\n"
