"""Which statements of a notebook the asked-for functions need.

A function needs the statements that bind or change the names it uses; those need others in turn.
Training loops, plots and tests, on which no asked-for function depends, are not among them.
"""

import ast
import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .names import SEARCH_PATH, Effect, Names, names_of

# Calls that change a library for everything that follows.
SETTINGS = frozenset((
    "setrecursionlimit", "seed", "set_seed", "set_random_seed", "set_floatx", "seterr",
))  # fmt: skip
FOR_ALL = frozenset(("setrecursionlimit", SEARCH_PATH))  # whoever needs them doesn't say so
SEES_EVERYTHING = frozenset(["eval", "exec", "globals", "locals", "vars"])
TO_WRITE = "IMPLEMENT-ME"
WAITS = "when_passed"


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a notebook.

    Args:
        cell: number of its cell.
        where: its file name for tracebacks.
        tree: its syntax tree.
        names: what it binds, uses and changes.
        position: its place among the statements.
        is_stub: whether it defines what is still to be written.
    """

    cell: int
    where: str
    tree: ast.stmt
    names: Names
    position: int
    is_stub: bool

    @property
    def is_future(self) -> bool:
        """Whether it changes how Python reads what comes below: from __future__ import …"""
        return isinstance(self.tree, ast.ImportFrom) and self.tree.module == "__future__"

    @property
    def binds(self) -> set[str]:
        """Names that exist once it has run."""
        return self.names.binds | self.names.imports


@dataclass
class Program:
    """The statements of a notebook, and which of them its functions need.

    Args:
        statements: in the order of the notebook.
    """

    statements: list[Statement] = field(default_factory=list)

    def add(self, cell: int, where: str, tree: ast.stmt) -> None:
        """One more statement, below the others."""
        position = len(self.statements)
        new = Statement(cell, where, tree, names_of(tree), position, _is_stub(tree))
        self.statements.append(new)

    def prepare(self) -> None:
        """Look at the whole, once all statements are there."""
        self._binders: dict[str, list[Statement]] = {}
        self._effects: dict[str, Effect] = {}
        imported, made = set(), set()
        for one in self.statements:
            for name in one.binds:
                self._binders.setdefault(name, []).append(one)
            self._effects |= one.names.functions
            imported |= one.names.imports
            is_definition = isinstance(
                one.tree, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
            )
            made |= set() if is_definition else one.names.binds
        self._data = made - imported
        self._changers: dict[str, list[tuple[Statement, str]]] = {}
        for one in self.statements:
            for name, through in self._changes(one):
                self._changers.setdefault(name, []).append((one, through))

    @property
    def bound(self) -> set[str]:
        """Every name that some statement binds."""
        return set(self._binders)

    def answers(self, wanted: list[str], roles: dict[int, str]) -> dict[str, list[str]]:
        """For each exercise the names that may be its answer.

        That is its own name; else what stands in its cell, or is called almost the same.

        Args:
            wanted: ids.
            roles: from numbers of cells to the exercise that the course released there.
        """
        definitions = [
            (one, one.tree.name)
            for one in self.statements
            if isinstance(one.tree, ast.FunctionDef | ast.ClassDef)
        ]
        found = {}
        for one in wanted:
            plain = _plain(one)
            found[one] = [one] if one in self._binders else [
                name
                for statement, name in definitions
                if roles.get(statement.cell) == one or _plain(name) == plain
            ]  # fmt: skip
        return found

    def needed(self, roots: Iterable[str], starts: Mapping[str, str]) -> list[Statement]:
        """The statements that names need, in the order of the notebook.

        Of a stub, and of the wrong code that a hunt starts from, it doesn't matter where they
        stand: whatever else was written under the name counts.

        Args:
            roots: the names.
            starts: the wrong code, by name.
        """
        left = self._leave_out(starts)
        taken = {one.position: one for one in self.statements if one.is_future}
        for root in roots:
            for one in self._for(root):
                taken[one.position] = one
        if any(one.names.uses & SEES_EVERYTHING for one in taken.values()):
            taken |= {one.position: one for one in self.statements if _is_plain(one.tree)}
        return [taken[position] for position in sorted(taken.keys() - left)]

    def _for(self, root: str) -> list[Statement]:
        """What one name needs: up to its check, for what comes below may be for something else."""
        checks = [s.position for s in self.statements if root in s.names.calls.get("check", ())]
        own = self._binders.get(root, [])
        last = max((one.position for one in own), default=-1)
        end = max(last, checks[-1]) if checks else len(self.statements)
        settings = [one for one in self.statements if one.names.all_methods & FOR_ALL]
        taken = {one.position: one for one in settings}
        seen = {root}.union(*(one.names.uses for one in settings))
        names = list(seen)
        while names:
            name = names.pop()
            new = self._that_make(name, end)
            if not new and name not in vars(builtins):
                new = [one for one in self.statements if one.names.everything_of]
            new += [
                one
                for one, through in self._changers.get(name, ())
                if one.position <= end and through not in seen
            ]
            for one in new:
                if one.position not in taken:
                    taken[one.position] = one
                    more = self._uses(one) - seen
                    names += more
                    seen |= more
        return list(taken.values())

    def _uses(self, one: Statement) -> set[str]:
        """Names that a statement needs.

        A stub doesn't run on to where it returns what is still to be written: a number that has
        that name elsewhere in the notebook is not what it needs.
        """
        uses = one.names.uses
        return uses - (self._data - one.names.direct) if one.is_stub else uses

    def _that_make(self, name: str, end: int) -> list[Statement]:
        binders = self._binders.get(name, [])
        binders = [one for one in binders if not _waits(one.tree)] or binders
        return [one for one in binders if one.position <= end] or list(binders)

    def _changes(self, one: Statement) -> set[tuple[str, str]]:
        """Names that a statement changes without binding them, each with the function it uses."""
        changed = {(name, "") for name in one.names.sets}
        for name in one.names.that_may_change:
            if name in self._data or one.names.methods[name] & SETTINGS:
                changed.add((name, ""))
        for name, given in one.names.calls.items():
            for inner, effect in self._reached(name):
                all_changed = effect.changes | (effect.methods & self._data)
                changed |= {(changed_name, inner) for changed_name in all_changed}
                if inner == name and effect.its_arguments:
                    changed |= {(g, name) for g in given & self._data}
        return changed

    def _reached(self, name: str) -> list[tuple[str, Effect]]:
        """A function of the notebook with those that it calls in turn."""
        found, todo = {}, [name]
        while todo:
            one = todo.pop()
            if one in self._effects and one not in found:
                found[one] = self._effects[one]
                todo += self._effects[one].calls
        return list(found.items())

    def _leave_out(self, starts: Mapping[str, str]) -> set[int]:
        begins = {name: ast.dump(ast.parse(code).body[-1]) for name, code in starts.items()}
        left: set[int] = set()
        for name, binders in self._binders.items():
            untouched = [
                one
                for one in binders
                if one.is_stub or (name in begins and ast.dump(one.tree) == begins[name])
            ]
            if untouched and len(untouched) < len(binders):
                left |= {one.position for one in untouched}
                self._binders[name] = [one for one in binders if one.position not in left]
        return left


def _is_stub(tree: ast.stmt) -> bool:
    return isinstance(tree, ast.FunctionDef | ast.ClassDef) and any(
        isinstance(node, ast.Raise) and TO_WRITE in ast.unparse(node) for node in ast.walk(tree)
    )


def _waits(tree: ast.stmt) -> bool:
    """Whether it shows what an exercise makes once that has passed: `if when_passed(...)`."""
    return isinstance(tree, ast.If) and WAITS in names_of(tree.test).calls


def _is_plain(tree: ast.stmt) -> bool:
    """Whether a statement defines something without computing anything."""
    if isinstance(tree, ast.Assign | ast.AnnAssign):
        return tree.value is not None and _is_plain_value(tree.value)
    return isinstance(
        tree,
        ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    )


def _is_plain_value(value: ast.expr) -> bool:
    """A literal, a lambda, or another name for something: dtype = np.float64."""
    if isinstance(value, ast.Attribute):
        return _is_plain_value(value.value)
    if isinstance(value, ast.Lambda | ast.Name):
        return True
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
