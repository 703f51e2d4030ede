"""A book of two pages, with the project's own settings."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
TOC = "format: jb-book\nroot: book/intro\nchapters:\n  - file: exercises/01-a\n"
# A chapter that runs cells is a notebook to the theme; to Colab it is none.
CHAPTER = """---
jupytext:
  text_representation:
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---
# A chapter

```{code-cell} ipython3
print(6 * 7)
```
"""


@pytest.fixture(scope="session")
def small_book():
    """Writes the sources of the small book into a folder; `url` is the repository's address."""

    def write(folder, url=""):
        for name in ("book/_ext", "book/_static"):
            shutil.copytree(ROOT / name, folder / name)
        settings = (ROOT / "_config.yml").read_text("utf-8")
        assert settings.count('url: ""') == 1
        (folder / "_config.yml").write_text(settings.replace('url: ""', f'url: "{url}"'), "utf-8")
        (folder / "book/references.bib").touch()
        (folder / "book/_toc.yml").write_text(TOC)
        (folder / "book/intro.md").write_text(CHAPTER)
        (folder / "exercises").mkdir()
        cell = new_markdown_cell("# A notebook", id="a")
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        notebook = new_notebook(cells=[cell], metadata=metadata)
        nbformat.write(notebook, folder / "exercises/01-a.ipynb")
        return folder

    return write
