"""The book's own directives, so that no page carries a copy of what the package says.

`{reference}` shows its code; in a book without solutions (`make book SOLUTIONS=hidden`) what a
learner starts from. `{project-marks}` shows a project's budget, its marks and what the reference
came to.
"""

import ast
import html
import os
import textwrap
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from course_lib.authoring.source import END, MarkerError, regions, stub, whole

PACKAGE = "course_lib"
SEARCHED = ("scratch", "layers")  # where a bare name is looked up


class DefinitionError(LookupError):
    """The named object is not in the package, or in more than one place."""


def find_definition(root: Path, name: str) -> tuple[Path, str]:
    """Return the file and the source of a function, class or method, without importing it.

    Args:
        root: folder that holds the package.
        name: ``rnn_step``, ``VanillaRNNCell.call`` or ``course_lib.scratch.rnn.rnn_step``.

    Raises:
        DefinitionError: it does not exist, or a bare name stands in several modules.
    """
    if name.startswith(f"{PACKAGE}."):
        candidates = [_module_and_object(root, name)]
    else:
        modules = [
            path for part in SEARCHED for path in sorted((root / PACKAGE / part).glob("*.py"))
        ]
        candidates = [(path, name.split(".")) for path in modules]
    found = [
        (path, source)
        for path, parts in candidates
        if (source := _source_of(path, parts)) is not None
    ]
    if len(found) == 1:
        return found[0]
    where = " and ".join(str(path.relative_to(root)) for path, _ in found)
    problem = f"stands in {where}; give the dotted path" if found else "does not exist"
    raise DefinitionError(f"{{reference}} {name}: it {problem}.")


def _module_and_object(root: Path, dotted: str) -> tuple[Path, list[str]]:
    parts = dotted.split(".")
    for end in range(len(parts) - 1, 0, -1):
        path = root.joinpath(*parts[:end]).with_suffix(".py")
        if path.is_file():
            return path, parts[end:]
    raise DefinitionError(f"{{reference}} {dotted}: no such module in {PACKAGE}.")


def _source_of(path: Path, parts: list[str]) -> str | None:
    text = path.read_text(encoding="utf-8")
    node: ast.AST = ast.parse(text)
    for part in parts:
        definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        body = [child for child in getattr(node, "body", []) if isinstance(child, definitions)]
        node = next((child for child in body if child.name == part), None)
        if node is None:
            return None
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines, last = text.splitlines(), node.end_lineno
    while last < len(lines) and lines[last].strip() == END:
        last += 1  # a region may close after the last statement, where the syntax tree sees nothing
    return textwrap.dedent("\n".join(lines[first - 1 : last]))


class Reference(SphinxDirective):
    """Show the reference code of a course_lib object, folded away unless `:open:` is given.

    Without solutions: the code with its stubs, and nothing of an object that has none.
    """

    required_arguments = 1
    option_spec = {"open": directives.flag}  # noqa: RUF012, docutils' own convention

    def run(self) -> list[nodes.Node]:
        """Return the code, wrapped in a native <details>."""
        root = Path(self.env.srcdir)
        try:
            path, source = find_definition(root, self.arguments[0])
            hidden = os.environ.get("SOLUTIONS") == "hidden"
            if hidden and not regions(source, path.name):
                return []  # all of it would give the solution away
            code = (stub if hidden else whole)(source, path.name).rstrip()
        except (DefinitionError, MarkerError) as error:
            raise self.error(str(error)) from error
        self.env.note_dependency(str(path))  # the page is rebuilt when the code changes
        block = nodes.literal_block(code, code, language="python")
        self.set_source_info(block)
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        name = html.escape(self.arguments[0].removeprefix(f"{module}."))
        what = "What is to be written in" if hidden else "Reference code of"
        opening = (
            f'<details class="reference-code"{" open" if "open" in self.options else ""}>'
            f"<summary>{what} <code>{name}</code> "
            f"(<code>{path.relative_to(root).as_posix()}</code>)</summary>"
        )
        return [
            nodes.raw("", opening, format="html"),
            block,
            nodes.raw("", "</details>", format="html"),
        ]


class ProjectMarks(SphinxDirective):
    """Show a project's limits and marks, and the stored runs of its reference."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a table."""
        from course_lib.authoring.project_cells import marks_table
        from course_lib.exercises.registry import UnknownExercise, get

        try:
            project = get(self.arguments[0])
        except UnknownExercise as error:
            raise self.error(str(error)) from error
        text, read = marks_table(project, Path(self.env.srcdir) / "benchmarks" / "results")
        for file in read:
            self.env.note_dependency(str(file))
        container = nodes.container()
        self.state.nested_parse(StringList(text.splitlines()), self.content_offset, container)
        return container.children


def setup(app) -> dict[str, object]:
    """Register the directive with Sphinx."""
    app.add_directive("reference", Reference)
    app.add_directive("project-marks", ProjectMarks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
