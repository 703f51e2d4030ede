"""Cut out of a module of the course what a few of its names need, and nothing else.

So the sandbox gets the parts that an exercise builds on, and never the answer to the exercise.
"""

import ast
import functools
import importlib.util
import pkgutil
from collections.abc import Iterable
from pathlib import Path

OPEN = "course_lib.scratch"  # below it, sources may be handed out
# It holds no answers: what calls of several exercises share.
HELPERS = "course_lib.exercises.ladder.cell_calls"


def slices(wanted: Iterable[tuple[str, str]], banned: frozenset[str]) -> dict[str, str]:
    """Sources by module, those first that others import.

    Args:
        wanted: pairs of module and name; the name "" is everything that the module defines.
        banned: names that stay out, whoever needs them.
    """
    there = {pair for pair in wanted if _is_there(*pair)}
    return dict(_slices(tuple(sorted(there)), banned))


def _is_there(module: str, name: str) -> bool:
    """Whether the course has it: a notebook may say anything, and what is cached stays."""
    if module not in _modules():
        return False
    return not name or f"{module}.{name}" in _modules() or name in _statements(module)


@functools.lru_cache(maxsize=1000)  # most of a class imports the same
def _slices(wanted: tuple[tuple[str, str], ...], banned: frozenset[str]) -> dict[str, str]:
    found: dict[str, dict[int, ast.stmt]] = {}
    needs: dict[str, set[str]] = {}
    todo = [
        (f"{module}.{name}", "") if f"{module}.{name}" in _modules() else (module, name)
        for module, name in wanted
    ]
    seen = set()
    while todo:
        module, name = todo.pop()
        if (module, name) in seen or name in banned:
            continue
        seen.add((module, name))
        statements = _available(module, banned)
        own = found.setdefault(module, {})
        needs.setdefault(module, set())
        if not name:
            todo += [(module, one) for one in statements]
            continue
        if name not in statements:
            continue
        position, statement = statements[name]
        if isinstance(statement, ast.ImportFrom) and _is_open(statement.module or ""):
            own[position] = statement
            needs[module].add(statement.module)
            original = next(a.name for a in statement.names if (a.asname or a.name) == name)
            todo.append((statement.module, original))
            found.setdefault(statement.module, {})
            continue
        own[position] = statement
        names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
        todo += [(module, one) for one in names & statements.keys()]
    order: list[str] = []

    def visit(module: str) -> None:
        if module not in order:
            for one in sorted(needs.get(module, ())):
                visit(one)
            order.append(module)

    for module in sorted(found):
        visit(module)
    return {
        module: "\n".join(ast.unparse(found[module][k]) for k in sorted(found[module]))
        for module in order
        if found.get(module)
    }


def names_in(sources: dict[str, str]) -> set[str]:
    """What sources define."""
    return {name for source in sources.values() for name in _names_in(source)}


@functools.lru_cache(maxsize=1000)
def _names_in(source: str) -> frozenset[str]:
    return frozenset(n for statement in ast.parse(source).body for n in _defines(statement))


@functools.lru_cache(maxsize=1000)  # each rung asks, for each of a class
def alone(module: str, name: str, banned: frozenset[str]) -> tuple[str, dict[str, str]]:
    """One function of an exercise's module with its helpers, and the course's sources below it."""
    statements = _statements(module)
    if name not in statements:
        raise LookupError(f"{module} has no function {name} that can be cut out")
    own: dict[int, ast.stmt] = {}
    below, todo, seen = [], [name], set()
    while todo:
        one = todo.pop()
        if one in seen or one == "EXERCISE":
            continue
        seen.add(one)
        position, statement = statements[one]
        own[position] = statement
        if isinstance(statement, ast.ImportFrom) and _is_open(statement.module or ""):
            below += [(statement.module, a.name) for a in statement.names]
        names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
        todo += sorted(names & statements.keys())
    source = "\n".join(ast.unparse(own[position]) for position in sorted(own))
    return source, slices(below, banned)


def _is_open(module: str) -> bool:
    return module in (OPEN, HELPERS) or module.startswith(f"{OPEN}.")


@functools.cache
def _available(module: str, banned: frozenset[str]) -> dict[str, tuple[int, ast.stmt]]:
    """What a module defines, without what can't be defined for want of what is banned."""
    statements = {n: s for n, s in _statements(module).items() if n not in banned}
    gone = set(banned)
    while True:
        made_of_it = {
            name for name, (_, statement) in statements.items() if _at_once(statement) & gone
        }
        if not made_of_it:
            return statements
        gone |= made_of_it
        statements = {n: s for n, s in statements.items() if n not in made_of_it}


def _at_once(statement: ast.stmt) -> set[str]:
    """Names that are looked up when the statement runs: not those in the body of a function."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return set()
    names: set[str] = set()
    for part in ast.iter_child_nodes(statement):
        if isinstance(statement, ast.FunctionDef) and part in statement.body:
            continue
        if isinstance(part, ast.stmt):
            names |= _at_once(part)
        else:
            names |= {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
    return names


@functools.cache
def _modules() -> frozenset[str]:
    """Those that are open."""
    folders = importlib.util.find_spec(OPEN).submodule_search_locations
    below = (one.name for one in pkgutil.walk_packages(folders, f"{OPEN}."))
    return frozenset((OPEN, HELPERS, *below))


@functools.cache
def _statements(module: str) -> dict[str, tuple[int, ast.stmt]]:
    """What a module defines at its top, by name, with its place."""
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):
        return {}
    if spec is None or not spec.origin:
        return {}
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    found: dict[str, tuple[int, ast.stmt]] = {}
    for position, statement in enumerate(tree.body):
        for name in _defines(statement):
            found[name] = (position, statement)
    return found


def _defines(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [(a.asname or a.name).split(".")[0] for a in statement.names]
    if isinstance(statement, ast.Assign):
        names = [n for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        return [name.id for name in names if isinstance(name.ctx, ast.Store)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []
