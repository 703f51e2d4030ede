"""Two names for one array."""

import ast


def lines_of_aliases(tree: ast.Module) -> list[ast.Assign]:
    """Where another name is given to an array, or to a part of it, that is then written to."""
    written = set()
    for node in ast.walk(tree):
        match node:
            case ast.AugAssign(ast.Name(name)) | ast.Subscript(ast.Name(name), _, ast.Store()):
                written.add(name)
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Assign([ast.Name(name)], ast.Name() | ast.Subscript()) if name in written:
                found.append(node)
    return found
