"""The names that a statement at the top of a notebook binds, uses and changes."""

import ast
from dataclasses import dataclass, field

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
SEARCH_PATH = "sys.path"
# Functions of libraries that change what they are given.
IN_PLACE = frozenset((
    "shuffle", "copyto", "fill_diagonal", "put", "place", "putmask", "setattr", "heappush",
    "heapify",
))  # fmt: skip


# Methods of arrays, dicts, lists and texts that change nothing.
ONLY_READ = frozenset((
    "T", "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "copy", "count",
    "cumsum", "diagonal", "dot", "endswith", "flatten", "format", "get", "index", "item",
    "items", "join", "keys", "lower", "max", "mean", "min", "nonzero", "predict", "prod",
    "ravel", "repeat", "reshape", "round", "split", "squeeze", "startswith", "std", "strip",
    "sum", "swapaxes", "take", "tobytes", "tolist", "transpose", "upper", "values", "var",
    "view",
))  # fmt: skip


@dataclass
class Effect:
    """What a call of a function does beyond its result.

    Args:
        changes: names at the top of the notebook.
        methods: names there of which it calls a method that may change them.
        its_arguments: whether it may change what it is given.
        calls: functions that it calls in turn, by name.
    """

    changes: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    its_arguments: bool = False
    calls: set[str] = field(default_factory=set)


@dataclass
class Names(ast.NodeVisitor):
    """Names in a piece of code, seen from outside of its functions.

    Args:
        binds: names that it makes, but for imports.
        imports: names that its imports make.
        everything_of: whether it imports everything of a module.
        uses: names that it needs, those in the bodies of its functions included.
        direct: of these, the ones that are not in the body of a function.
        sets: names whose entries or attributes it sets: x[0] = 1, x.y = 1, x += 1.
        methods: names of which it calls a method, x.append(1), with the names of the methods.
        calls: functions that it calls by name, each with the names that it hands to it.
        functions: what the functions that it defines do when they are called.
        outer: names that it declares as global.
    """

    binds: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    everything_of: bool = False
    uses: set[str] = field(default_factory=set)
    direct: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    methods: dict[str, set[str]] = field(default_factory=dict)
    calls: dict[str, set[str]] = field(default_factory=dict)
    functions: dict[str, Effect] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)

    @property
    def all_methods(self) -> set[str]:
        """Every method that it calls, of whatever."""
        return set().union(*self.methods.values())

    @property
    def that_may_change(self) -> set[str]:
        """Names of which it calls a method that isn't known to change nothing."""
        return {name for name, called in self.methods.items() if called - ONLY_READ}

    def visit_Name(self, node: ast.Name) -> None:
        """A name is used, or bound; what deletes it isn't what makes it."""
        if isinstance(node.ctx, ast.Load):
            self._use(node.id)
        elif isinstance(node.ctx, ast.Store):
            self.binds.add(node.id)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """x += 1 needs x as well."""
        if root := _root(node.target):
            self._use(root)
            self.sets.add(root)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """x.y = 1 changes x."""
        self._set(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """x[0] = 1 changes x."""
        self._set(node)

    def visit_Import(self, node: ast.Import) -> None:
        """import a.b binds a."""
        self.imports |= {(one.asname or one.name).split(".")[0] for one in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """from a import b binds b."""
        self.imports |= {one.asname or one.name for one in node.names} - {"*"}
        self.everything_of |= any(one.name == "*" for one in node.names)

    def visit_Call(self, node: ast.Call) -> None:
        """A method may change its object, a function what it is given."""
        given = {a.id for a in (*node.args, *(k.value for k in node.keywords)) if _is_name(a)}
        if isinstance(node.func, ast.Attribute):
            if root := _root(node.func.value):
                self.methods.setdefault(root, set()).add(node.func.attr)
                if ast.unparse(node.func.value) == SEARCH_PATH:
                    self.methods[root].add(SEARCH_PATH)
            if node.func.attr in IN_PLACE:
                self.sets |= given
        elif _is_name(node.func):
            self.calls.setdefault(node.func.id, set()).update(given)
            if node.func.id in IN_PLACE:
                self.sets |= given
        self.generic_visit(node)

    def visit_FunctionDef(self, node: FUNCTIONS) -> None:
        """Decorators, defaults and annotations are looked up at once, the body's names later."""
        self.binds.add(node.name)
        for part in (*node.decorator_list, node.args, node.returns):
            if part is not None:
                self.visit(part)
        self.functions[node.name] = self._body(node.args, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A function without a name."""
        self.visit(node.args)
        self._body(node.args, [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """What the body of a class binds, its methods don't see."""
        self.binds.add(node.name)
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        inside = _names(node.body)
        for name in inside.direct - inside.binds:
            self._use(name)
        self.uses |= inside.uses - inside.direct
        self._pass_on(inside, inside.binds)

    def _comprehension(self, node: COMPREHENSIONS) -> None:
        inside = Names()
        inside.generic_visit(node)
        for name in inside.uses - inside.binds:
            self._use(name)
        self._pass_on(inside, inside.binds)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """except E as name."""
        self.binds |= {node.name} - {None}
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """case … as name."""
        self.binds |= {node.name} - {None}
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        """case [first, *name]."""
        self.binds |= {node.name} - {None}

    def visit_Global(self, node: ast.Global) -> None:
        """Inside a function."""
        self.outer |= set(node.names)

    def _use(self, name: str) -> None:
        self.uses.add(name)
        self.direct.add(name)

    def _set(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load) and (root := _root(node)):
            self.sets.add(root)
        self.generic_visit(node)

    def _body(self, arguments: ast.arguments, body: list) -> Effect:
        inside = _names(body)
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs,
                 arguments.vararg, arguments.kwarg)  # fmt: skip
        parameters = {one.arg for one in every if one is not None}
        local = (parameters | inside.binds | inside.imports) - inside.outer
        self.uses |= inside.uses - local
        methods = inside.that_may_change
        return Effect(
            (inside.sets - local) | (inside.binds & inside.outer),
            methods - local,
            bool((inside.sets | methods) & parameters),
            set(inside.calls) - local,
        )

    def _pass_on(self, inside: "Names", local: set[str]) -> None:
        self.sets |= inside.sets - local
        for name, given in inside.calls.items():
            self.calls.setdefault(name, set()).update(given - local)
        for name, called in inside.methods.items():
            if name not in local:
                self.methods.setdefault(name, set()).update(called)


def names_of(statement: ast.stmt) -> Names:
    """The names of a statement at the top of a notebook."""
    return _names([statement])


def _names(body: list) -> Names:
    found = Names()
    for one in body:
        found.visit(one)
    return found


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def _root(node: ast.AST) -> str:
    """The name that x[0].y[1] begins with, or an empty string."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
