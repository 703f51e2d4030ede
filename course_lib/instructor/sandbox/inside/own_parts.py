"""What is the judge's own in a student's process, kept as it was before their code ran.

What is found here about a class and its graphs is worth as much as what finds it, and what writes
it down. Whatever of that is another afterwards is put back, and told.
"""

import ast
import builtins
import functools
import inspect
import sys
import types
from importlib import import_module
from pkgutil import iter_modules

import graphs
import guard

# What tells the judge about a graph, beside its own modules and what `graphs` looks up in others:
# methods of what it gets from there, and what carries its messages. A name that isn't there now
# must not be there later.
POLYMORPHIC = "tensorflow.python.eager.polymorphic_function"
OF_OTHERS = {
    "struct": ("pack", "unpack", "unpack_from"),
    "socket": ("socket.sendall", "socket.settimeout", "socket.recv"),
    "tensorflow.python.framework.ops": ("Graph.as_graph_def", "Graph._as_graph_def"),
    "tensorflow.python.framework.func_graph": (
        "FuncGraph.as_graph_def",
        "FuncGraph._as_graph_def",
    ),
    f"{POLYMORPHIC}.concrete_function": ("ConcreteFunction.graph",),
    f"{POLYMORPHIC}.polymorphic_function": (
        "Function.get_concrete_function",
        "Function.experimental_get_compiler_ir",
    ),
}
# All of these: any constant of theirs is a part of how a message is written, or read.
WHOLE = "json", "json.encoder", "json.decoder", "json.scanner"


def _whole(package) -> tuple[types.ModuleType, ...]:
    """All files of a package, whatever it imports by itself."""
    files = iter_modules(package.__path__, f"{package.__name__}.")
    return (package, *(import_module(file.name) for file in files))


GRAPHS, GUARD = _whole(graphs), _whole(guard)


def _public(module) -> tuple[str, ...]:
    names = vars(module).items()
    return tuple(
        one for one, value in names if one[0] != "_" and not isinstance(value, types.ModuleType)
    )


# What a notebook and a call get that import these of the course: the module here, and its names.
STAND_INS = {
    "course_lib.exercises.calling.guard": (guard, ("Unusable", "with_article")),
    **{f"course_lib.{module.__name__}": (module, _public(module)) for module in GRAPHS},
}

# What is kept of the judge's modules: what they define, and not the seconds that a call may take.
CONSTANT = types.FunctionType | types.ModuleType | types.UnionType | type | tuple | str
CONSTANT |= dict | frozenset | int
# It computes nothing with these; Python makes the last two of a class when somebody asks.
OF_A_CLASS = frozenset(
    ("__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__slotnames__")
)
CONTENT = "cell_contents"


class Absent:
    """Stands for what a name holds that isn't there."""


def given(stand_in: str) -> dict:
    """What a stand-in for a module of the course has of the judge's own, by name."""
    module, names = STAND_INS.get(stand_in, (None, ()))
    return {name: vars(module)[name] for name in names}


def looked_up(source: str) -> tuple[tuple[str, str], ...]:
    """What code looks up in what it imports: pairs of a module and a name there, with its dots.

    What it takes for Python's own is a name of `builtins`.
    """
    tree = ast.parse(source)
    imported = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {a.asname or a.name: (a.name, "") for a in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:  # else it is the judge's own
            imported |= {a.asname or a.name: (node.module, a.name) for a in node.names}
    found = {pair for pair in imported.values() if pair[1]}
    for node in ast.walk(tree):
        path = []
        while isinstance(node, ast.Attribute):
            path.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            continue
        if node.id in imported:
            module, name = imported[node.id]
            path = [name, *path] if name else path
            found |= {(module, ".".join(path[:end])) for end in range(1, len(path) + 1)}
        elif node.id in vars(builtins):
            found.add(("builtins", node.id))
    return tuple(sorted(found))


# Read once, before the fork.
BY_GRAPHS = tuple(
    sorted({pair for module in GRAPHS for pair in looked_up(inspect.getsource(module))})
)


class OwnParts:
    """The judge's own functions in this process, and what they rely on.

    Args:
        modules: the judge's.
    """

    def __init__(self, *modules):
        self.kept = []
        self.insides = []  # of functions and dicts
        self.plain = []  # functions without defaults by name: nearly all, looked at faster
        self.kinds = []  # of what holds them: a class or a module may get another one
        self.classes = []
        self.modules = []
        for module in modules:
            self.add(module)
        for name in WHOLE:
            self._add_whole(sys.modules[name])
        pairs = [(module, name) for module, names in OF_OTHERS.items() for name in names]
        if "tensorflow" in sys.modules:  # there are no graphs without it
            pairs += BY_GRAPHS
        for module, name in pairs:
            if module in sys.modules:
                self._keep_of_others(module, name)

    def _keep_of_others(self, module, name):
        *path, last = name.split(".")
        try:
            holder = functools.reduce(getattr, path, sys.modules[module])
            value = getattr(holder, last)
        except AttributeError:  # each object has its own, or it is there only for a while
            return
        if isinstance(holder, types.ModuleType | type):
            own = vars(holder).get(last, Absent)
            if callable(value) or isinstance(own, property):
                self._keep(f"{module}.{name}", holder, last, own)

    def add(self, module):
        """Keep what a module defines, all that its classes have, and what a decorator wraps."""
        self._hold(module.__name__, module)
        for name, value in list(vars(module).items()):
            if not isinstance(value, CONSTANT) or name.startswith("__"):
                continue
            where = f"{module.__name__}.{name}"
            self._keep_with_cells(where, module, name, value)
            if isinstance(value, type) and value.__module__ == module.__name__:
                self._hold(where, value)
                self.classes.append((where, value, OF_A_CLASS | vars(value).keys()))
                for one in vars(value).keys() - OF_A_CLASS:
                    self._keep_with_cells(f"{where}.{one}", value, one, vars(value)[one])

    def _keep_with_cells(self, where, holder, name, value):
        self._keep(where, holder, name, value)
        cells = value.__closure__ if isinstance(value, types.FunctionType) else None
        for cell in cells or ():
            self._keep(where, cell, CONTENT, cell.cell_contents)

    def _add_whole(self, module):
        """Keep all that a module defines, all of its classes, and its objects of those."""
        self._hold(module.__name__, module)
        for name, value in list(vars(module).items()):
            if name.startswith("__"):
                continue
            where = f"{module.__name__}.{name}"
            self._keep(where, module, name, value)
            kind = value if isinstance(value, type) else type(value)
            if kind.__module__ not in WHOLE or not hasattr(value, "__dict__"):
                continue
            self._hold(where, value)
            above = object if value is kind else kind  # what it has from there stays from there
            for one in (vars(value).keys() | vars(above).keys()) - OF_A_CLASS:
                self._keep(f"{where}.{one}", value, one, vars(value).get(one, Absent))

    def _hold(self, where, holder):
        self.kinds.append((where, holder, type(holder)))
        if isinstance(holder, types.ModuleType):
            self.modules.append((where, vars(holder), vars(holder).keys() & vars(builtins).keys()))

    def _keep(self, where, holder, name, value):
        # The names of a module or a class stay the same dict; an object may get another one.
        names = vars(holder) if isinstance(holder, types.ModuleType | type) else None
        self.kept.append((where, holder, name, value, names))
        innards = _innards(value)
        if isinstance(value, types.FunctionType) and value.__kwdefaults__ is None:
            self.plain.append((where, value, innards, *innards[:2]))
        elif innards is not None:
            self.insides.append((where, value, innards))

    def look(self) -> list[str]:
        """Names of those that are others by now; they are put back."""
        others = []
        for where, holder, kind in self.kinds:
            if type(holder) is not kind:
                kind.__setattr__(holder, "__class__", kind)
                others.append(where)
        for where, names, before in self.modules:
            for name in (names.keys() & vars(builtins).keys()) - before:
                del names[name]  # the module's functions took it for Python's own
                others.append(f"{where}.{name}")
        for where, function, innards, code, defaults in self.plain:
            if (
                function.__code__ is not code
                or function.__defaults__ is not defaults
                or function.__kwdefaults__ is not None
            ):
                _put_back(function, innards)
                others.append(where)
        others += [where for where, value, innards in self.insides if _put_back(value, innards)]
        for where, holder, name, value, names in self.kept:
            now = _now(holder, name) if names is None else names.get(name, Absent)
            if now is value:
                continue
            if value is Absent:
                delattr(holder, name)
            else:
                setattr(holder, name, value)
            others.append(where)
        for where, holder, names in self.classes:
            for name in vars(holder).keys() - names:
                delattr(holder, name)
                others.append(f"{where}.{name}")
        for stand_in in STAND_INS.keys() & sys.modules.keys():
            names = vars(sys.modules[stand_in])
            for name, value in given(stand_in).items():
                if names.get(name, Absent) is not value:
                    names[name] = value
                    others.append(f"{stand_in}.{name}")
        return others


def _now(holder, name):
    """What is there under a name: in a module, a class, or the cell of a function."""
    if name is not CONTENT:
        return vars(holder).get(name, Absent)
    try:
        return holder.cell_contents
    except ValueError:
        return Absent


def _innards(value):
    """What can be changed in a function (its code, and two kinds of defaults) or in a dict."""
    if isinstance(value, types.FunctionType):
        named = value.__kwdefaults__
        return value.__code__, value.__defaults__, named, named and dict(named)
    return dict(value) if isinstance(value, dict) else None


def _put_back(value, innards) -> bool:
    """Whether a function or a dict was another inside; it is as before afterwards."""
    if isinstance(innards, dict):
        if _same_entries(value, innards):
            return False
        value.clear()
        value.update(innards)
        return True
    code, defaults, named, entries = innards
    is_same = value.__code__ is code and value.__defaults__ is defaults
    is_same = is_same and value.__kwdefaults__ is named
    if is_same and (named is None or _same_entries(named, entries)):
        return False
    value.__code__, value.__defaults__ = code, defaults
    if named is not None:
        named.clear()
        named.update(entries)
    value.__kwdefaults__ = named
    return True


def _same_entries(now: dict, before: dict) -> bool:
    """Nobody is asked whether two of them are equal, which may be a lie."""
    return len(now) == len(before) and all(
        one in now and now[one] is value for one, value in before.items()
    )
