"""A link in a notebook is clicked in JupyterLab, and the chapter opens at its section."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
import venv
from pathlib import Path

import pytest

from course_lib.authoring.browser import new_context
from course_lib.interrupted import end_all

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
ENVIRONMENT = Path(sys.prefix)
OPTIONS = ("--no-browser", "--ServerApp.port=0")
ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/lab\?token=(\w+)")
SLOW = 60_000  # ms; JupyterLab takes its time on a busy machine


@pytest.fixture(scope="module")
def book():
    if not (HTML / "index.html").is_file():
        pytest.fail(f"There is no built book in {HTML}: run `make book` first.")


@contextlib.contextmanager
def running(command, folder, **variables):
    """Run JupyterLab; its address, its token and what it has printed so far."""
    environment = {name: v for name, v in os.environ.items() if not name.startswith("MAKE")}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    printed, found = [], threading.Event()

    def read():
        for line in process.stdout:
            printed.append(line)
            if ADDRESS.search(line):
                found.set()
        found.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        found.wait(SLOW / 1000)
        address = ADDRESS.search("".join(printed))
        assert address, "".join(printed)
        yield address[1], address[2], printed
    finally:
        end_all(process)  # it was seen to miss that it was asked to
        reader.join()


def open_notebook(window, address, token, notebook, text):
    """The page of a notebook, and its first link with this text.

    JupyterLab opens again what was open when it was last looked at; those notebooks stay hidden.
    """
    page = window.new_page()
    page.goto(f"{address}/lab/tree/{notebook}.ipynb?token={token}")
    link = page.locator(".jp-RenderedMarkdown a", has_text=text).filter(visible=True).first
    link.wait_for(timeout=SLOW)
    return page, link


def click(window, address, token, notebook="01-vanilla-rnn", text="read about it in the chapter"):
    """Click the first link of a notebook with this text; the page that opens."""
    _, link = open_notebook(window, address, token, notebook, text)
    with window.expect_page(timeout=SLOW) as opened:
        link.click()
    opened.value.wait_for_load_state("networkidle")
    return opened.value


def is_the_section(page, name):
    """The chapter is open at its section, with formulas, and with figures that move."""
    assert page.url.endswith(f"/course/book/vanilla_rnn.html#{name}")
    page.wait_for_function("window.MathJax?.startup?.promise", timeout=SLOW)  # its script is there
    page.evaluate("window.MathJax.startup.promise")
    assert page.locator("mjx-container").count() > 20
    page.wait_for_function(  # fonts and formulas push it about until they are there
        f"Math.abs(document.getElementById('{name}').getBoundingClientRect().top) < 200"
    )
    slider = page.locator("figure.course-slider").first
    before = slider.locator("img:visible").get_attribute("data-value")
    slider.locator("input").press("ArrowRight")
    assert slider.locator("img:visible").get_attribute("data-value") != before


# --- make lab ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, share_environment):
    """A folder with the Makefile and this environment, so that work/ is not the developer's own."""
    if not (ENVIRONMENT / "share/jupyter/labextensions/course-lib").is_dir():
        pytest.fail("This environment is older than pyproject.toml: `make` brings it up to date.")
    folder = tmp_path_factory.mktemp("checkout") / "a course"
    folder.mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "environment", folder / "environment")
    share_environment(folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def lab(checkout):
    """JupyterLab as `make lab` starts it."""
    with running(["make", "lab", f"ARGS={' '.join(OPTIONS)}"], checkout) as server:
        yield server


def test_in_make_lab_a_link_opens_the_chapter_at_its_section(lab, book, browser):
    address, token, _ = lab
    with new_context(browser) as window:
        is_the_section(click(window, address, token), "sec-rnn-step")


def test_a_chapter_opens_from_the_text_as_well(lab, book, browser):
    address, token, _ = lab
    with new_context(browser, "dark") as window:
        page = click(window, address, token, text="Chapter 1")
        assert page.url.endswith("/course/book/vanilla_rnn.html")
        assert page.locator("article h1").inner_text().rstrip("#").endswith("The vanilla RNN")


def test_the_link_itself_has_the_address_for_the_keyboard_and_for_copying(lab, book, browser):
    address, token, _ = lab
    with new_context(browser) as window:
        page, link = open_notebook(window, address, token, "01-vanilla-rnn", "read about it")
        link.focus()
        assert link.get_attribute("href") == "/course/book/vanilla_rnn.html#sec-rnn-step"
        with window.expect_page(timeout=SLOW) as opened:
            page.keyboard.press("Enter")
        assert opened.value.url.endswith("#sec-rnn-step")


def test_the_book_is_for_those_who_have_the_token(lab, book, browser):
    address, _, _ = lab
    with new_context(browser) as window:
        page = window.new_page()
        page.goto(f"{address}/course/book/vanilla_rnn.html")
        assert "/login" in page.url


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_root_is_told_so_in_one_line(lab):
    *_, printed = lab
    assert sum("You are root" in line for line in printed) == 1


# --- pip install ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment with the wheel; the other packages are this environment's."""
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", symlinks=True)
    python = folder / "env" / "bin" / "python"
    site = next((folder / "env" / "lib").glob("python*")) / "site-packages"
    # .pth files of a folder that is named in a .pth file are not read: no editable course_lib.
    (others,) = (ENVIRONMENT / "lib").glob("python*")
    (site / "others.pth").write_text(f"{others / 'site-packages'}\n")
    install = [
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    subprocess.run([sys.executable, *install], check=True, capture_output=True)
    return python


@contextlib.contextmanager
def installed_lab(python, folder):
    """`course start`, then `jupyter lab work`, somewhere else on the machine."""
    course = subprocess.run(
        [python, "-m", "course_lib.cli", "start"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    # JupyterLab itself lies in the other environment.
    lab = str(ENVIRONMENT / "share" / "jupyter" / "lab")
    command = [str(python), "-m", "jupyterlab", *OPTIONS, "work", "--allow-root"]
    with running(command, folder, JUPYTERLAB_DIR=lab) as server:
        yield *server[:2], course.stdout


def test_after_pip_install_a_link_opens_the_chapter_at_its_section(
    installed, book, browser, tmp_path
):
    with installed_lab(installed, tmp_path) as (address, token, said):
        assert "make book" not in said
        with new_context(browser) as window:
            is_the_section(click(window, address, token), "sec-rnn-step")


def test_without_a_book_the_page_says_how_to_get_it(installed, browser, tmp_path):
    ask = [installed, "-c", "from course_lib.built_book import CARRIED; print(CARRIED)"]
    said = subprocess.run(ask, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    carried = Path(said.strip())
    if carried.exists():
        shutil.move(carried, tmp_path / "away")
    try:
        with installed_lab(installed, tmp_path) as (address, token, said):
            assert "make book" in said
            with new_context(browser) as window:
                page = click(window, address, token)
                assert "make book" in page.locator("pre").inner_text()
                assert "carries no book" in page.locator("p").first.inner_text()
    finally:
        if (tmp_path / "away").exists():
            shutil.move(tmp_path / "away", carried)
