"""What a notebook's imports find: stand-ins for the course, and files that lie beside it."""

import importlib
import importlib.abc
import importlib.machinery
import os
import re
import sys
import types

import own_parts

HEAVY = ("tensorflow", "keras", "torch", "jax")
# Names that the judge's own modules have here, and a student's file may have too.
JUDGES = frozenset(os.path.splitext(file)[0] for file in os.listdir(os.path.dirname(__file__)))


class Missing:
    """Stands for a part of the course that isn't here.

    Args:
        module: where it would be.
        name: what it is called there.
    """

    def __init__(self, module, name):
        self.module = module
        self.__name__ = name

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self.module}.{self.__name__}", name)

    def __call__(self, *arguments, **named):
        """Say so."""
        raise RuntimeError(f"{self.__name__} isn't there while a class's notebooks are validated")


class Course(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports of `course_lib`: stand-ins, and what the judge sends the sources of."""

    def find_spec(self, name, path=None, target=None):
        """Every module of the course is found."""
        top = name.split(".")[0]
        if top in HEAVY and top not in sys.modules:
            # Too large for the limits; what needs it runs where it is loaded already.
            raise ModuleNotFoundError(f"No module named {top!r}", name=top)
        if top != "course_lib":
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        """An ordinary module."""
        return types.ModuleType(spec.name)

    def exec_module(self, module):
        """Whatever is asked of it is a stand-in."""
        name = module.__name__
        module.__path__ = []
        module.__getattr__ = lambda attribute: _stand_in(name, attribute)
        module.__dict__.update(own_parts.given(name))

    def fill(self, sources):
        """Run sources in their modules; those that others import come first."""
        for name, source in sources.items():
            module = importlib.import_module(name)
            exec(compile(source, f"<{name}>", "exec", dont_inherit=True), module.__dict__)


class Beside(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports of the student's own files, which lie beside the notebook.

    As in Jupyter they come before what is installed, but not before what is loaded already. The
    judge's own modules have all that they import, and do without their names.

    Args:
        sources: by the name of the module.
    """

    def __init__(self, sources):
        self.sources = sources
        theirs = sources.keys() & JUDGES
        for name in [one for one in sys.modules if one.partition(".")[0] in theirs]:
            del sys.modules[name]
        self.hidden = sorted(
            name for name in sources if name in sys.modules or name in (*HEAVY, "course_lib")
        )

    def remarks(self, cells):
        """One sentence for each file that the notebook means to import and can't."""
        told = "\n".join([*(source for _, source in cells), *self.sources.values()])
        return [
            f"{name}.py beside the notebook can't be imported here: {name} is a module of Python "
            "or of a library. Give the file another name, or put its code in the notebook."
            for name in self.hidden
            if re.search(rf"\b(?:import|from)\b[^\n]*\b{name}\b", told)
        ]

    def find_spec(self, name, path=None, target=None):
        """Only what lies there is found."""
        return importlib.machinery.ModuleSpec(name, self) if name in self.sources else None

    def get_source(self, name):
        """Text of the file."""
        return self.sources[name]

    def get_code(self, name):
        """The code, whose file has the name that it was handed in with."""
        return self.source_to_code(self.sources[name], f"{name}.py")


def _stand_in(module, attribute):
    if attribute.startswith("__"):
        raise AttributeError(attribute)
    full = f"{module}.{attribute}"
    if full in own_parts.STAND_INS:  # as in Jupyter, where the package has imported it
        return importlib.import_module(full)
    return sys.modules[full] if full in sys.modules else Missing(module, attribute)
