"""How `make lab` starts JupyterLab: with the options that it is given, and as root with care."""

import logging
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib import lab

OURS = ("--allow-root", "--ServerApp.ip=127.0.0.1")


def here(*settings):
    """The options by which this folder is the one that is opened."""
    owners = ("ServerApp", "FileContentsManager")
    return [
        f"--{owner}.{setting}={os.getcwd()}"
        for setting in settings or ("root_dir", "preferred_dir")
        for owner in owners
    ]


def test_the_options_are_passed_on():
    options = ["--no-browser", "--port", "9000"]
    assert lab.command(options, root=False) == ["jupyterlab", *here(), *options]
    assert lab.command(options, root=True) == ["jupyterlab", *here(), *OURS, *options]


@pytest.mark.parametrize("option", ["--ip=0.0.0.0", "--ServerApp.ip=0.0.0.0", "--ip"])
def test_root_may_ask_for_another_address(option):
    assert lab.command([option], root=True) == ["jupyterlab", *here(), "--allow-root", option]


@pytest.mark.parametrize("name", ["--notebook-dir", "--FileContentsManager.root_dir"])
def test_another_folder_may_be_asked_for(name):
    option = f"{name}=/of/ones/own"
    assert lab.command([option], root=False) == ["jupyterlab", option]


@pytest.mark.parametrize("name", ["--preferred-dir", "--FileContentsManager.preferred_dir"])
def test_another_folder_to_begin_in_may_be_asked_for(name):
    option = f"{name}=exercises"
    assert lab.command([option], root=False) == ["jupyterlab", *here("root_dir"), option]


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Write a configuration file for Jupyter, whose folders are away from this machine's home."""
    # Jupyter closes every handler of the process, and TensorFlow's may have pytest's own stream.
    monkeypatch.setattr(logging, "_handlerList", [])
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "share" / "data"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "share" / "data" / "runtime"))

    def write(line):
        (tmp_path / "jupyter_server_config.py").write_text(f"c = get_config()\n{line}\n")

    return write


OFF = ["--IdentityProvider.token=", "--ServerApp.token=", "--NotebookApp.token=''"]


@pytest.mark.parametrize("option", OFF)
def test_an_empty_token_is_seen_among_the_options(configured, option):
    configured("")
    assert lab.token_is_off(["--no-browser", option])


def test_an_empty_token_is_seen_in_the_configuration(configured):
    configured("c.IdentityProvider.token = ''")
    assert lab.token_is_off([])


@pytest.mark.parametrize("options", [[], ["--port", "9000"], ["--IdentityProvider.token=mine"]])
def test_a_token_is_a_token(configured, options):
    configured("c.ServerApp.port = 9001")
    assert not lab.token_is_off(options)


@pytest.fixture
def start(configured, monkeypatch, tmp_path, capsys):
    """Start as this user; what was started, the exit code and what was said."""
    configured("")
    monkeypatch.chdir(tmp_path)  # to be put back: `main` changes the folder
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")  # and so are these
    monkeypatch.setenv("JUPYTER_PATH", "")
    monkeypatch.setenv("MPLBACKEND", "agg")

    def start(user, *options):
        started = []
        monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
        monkeypatch.setattr(sys, "argv", ["lab.py"])
        monkeypatch.setattr(runpy, "run_module", lambda name, **_: started.append(sys.argv))
        return lab.main(str(tmp_path), *options), started, capsys.readouterr()

    return start


def test_root_is_told_so_in_one_line_and_others_are_not(start):
    _, ((*_, allow, ip, port),), said = start(0, "--port=9000")
    assert (allow, ip, port) == (*OURS, "--port=9000")
    assert said.out.startswith("You are root")
    assert said.out.count("\n") == 1
    _, ((_, *options),), said = start(1000)
    assert (options, said.out) == (here(), "")


def test_a_flag_that_xla_does_not_know_is_said(start, monkeypatch):
    monkeypatch.setattr(lab, "unknown_flag", lambda: "XLA_FLAGS holds a flag ...")
    _, started, said = start(1000)
    assert started
    assert said.out == "XLA_FLAGS holds a flag ...\n"


@pytest.mark.parametrize("setting", ["root_dir", "notebook_dir"])
def test_the_copy_is_opened_though_ones_own_configuration_names_another_folder(
    configured, start, setting, tmp_path_factory
):
    from jupyter_server.serverapp import ServerApp

    _, ((_, *options),), _ = start(1000, "--no-browser")
    other = tmp_path_factory.mktemp("other")
    configured(f"c.ServerApp.{setting} = {str(other)!r}")
    server = ServerApp()
    server.parse_command_line(options)
    server.load_config_file()
    assert server.root_dir == os.getcwd()


@pytest.mark.parametrize(
    ("owner", "beginner"),
    [
        ("ServerApp", "ServerApp"),
        ("ServerApp", "FileContentsManager"),
        ("FileContentsManager", "FileContentsManager"),
    ],
)
def test_so_it_is_where_the_configuration_also_says_in_which_folder_to_begin(
    configured, start, owner, beginner, tmp_path_factory
):
    from jupyter_server.serverapp import ServerApp

    _, ((_, *options),), _ = start(1000, "--no-browser")
    below = tmp_path_factory.mktemp("other") / "below"
    below.mkdir()
    configured(
        f"c.{owner}.root_dir = {str(below.parent)!r}\nc.{beginner}.preferred_dir = {str(below)!r}"
    )
    server = ServerApp()
    server.parse_command_line(options)
    server.load_config_file()
    contents = server.contents_manager_class(parent=server)
    assert (contents.root_dir, contents.preferred_dir) == (os.getcwd(), "")


def test_figures_stand_below_their_cells_whatever_the_shell_names(start, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    start(1000)
    assert "MPLBACKEND" not in os.environ


def test_no_question_about_news_and_a_configuration_of_ones_own_comes_first(start, monkeypatch):
    from jupyterlab_server.settings_utils import _get_overrides

    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/of/ones/own")
    start(1000)
    assert os.environ["JUPYTER_CONFIG_PATH"].startswith(f"/of/ones/own{os.pathsep}")
    overrides, error = _get_overrides("")
    assert error == ""
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_the_kernel_is_this_pythons_whatever_other_comes_first(start, monkeypatch, tmp_path):
    from jupyter_client.kernelspec import KernelSpecManager

    other = tmp_path / "other" / "kernels" / "python3"
    other.mkdir(parents=True)
    spec = '{"argv": ["/opt/other/python"], "display_name": "", "language": "python"}'
    (other / "kernel.json").write_text(spec)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "other"))
    assert KernelSpecManager().get_kernel_spec("python3").argv[0] == "/opt/other/python"
    start(1000)
    assert KernelSpecManager().get_kernel_spec("python3").argv[0] != "/opt/other/python"
    assert str(tmp_path / "other") in os.environ["JUPYTER_PATH"]


def test_root_does_not_start_without_a_token(start):
    code, started, said = start(0, OFF[0])
    assert (code, started) == (2, [])
    assert "Leave `token` out of ARGS" in said.err
    assert len(start(1000, OFF[0])[1]) == 1


def test_a_file_of_the_learners_is_not_taken_for_a_module_of_jupyterlabs(configured, tmp_path):
    (tmp_path / "tornado.py").write_text("raise SystemExit('taken for a module')\n")
    done = subprocess.run(
        [sys.executable, "-m", "course_lib.lab", str(tmp_path), "--version"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1][0].isdigit()


def test_in_a_home_that_cannot_be_written_to_jupyterlab_starts_all_the_same(
    start, monkeypatch, tmp_path_factory
):
    from jupyter_core import paths

    home = tmp_path_factory.mktemp("home") / "a file"
    home.write_text("in the way, so that nobody can write below it, root neither")
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    for name in names:
        monkeypatch.setenv(name, str(home / name))
    _, started, said = start(1000)
    assert len(started) == 1
    for folder in (
        paths.jupyter_config_dir(),
        paths.jupyter_data_dir(),
        paths.jupyter_runtime_dir(),
    ):
        assert lab.can_be_written(Path(folder))
    assert str(home / "JUPYTER_CONFIG_DIR") in os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    folders = " and ".join(str(home / name) for name in names)
    assert said.out.startswith(f"{folders} can't be written to: JupyterLab uses ")
    assert " instead, for its settings too. " in said.out
    assert said.out.count("\n") == 1


@pytest.mark.parametrize("name", ["JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"])
def test_a_folder_that_cannot_be_written_to_is_named_and_the_settings_stay(
    start, monkeypatch, tmp_path, tmp_path_factory, name
):
    file = tmp_path_factory.mktemp("home") / "a file"
    file.touch()
    monkeypatch.setenv(name, str(file))
    said = start(1000)[2].out
    other = Path(os.environ[name]).parent
    assert said.startswith(f"{file} can't be written to: JupyterLab uses {other} instead. ")
    assert "settings" not in said
    assert os.environ["JUPYTER_CONFIG_DIR"] == str(tmp_path)


def test_jupyters_folders_are_made_by_jupyter_which_lets_nobody_else_in(start, tmp_path):
    """A token lies there; what `main` would make, others could read."""
    assert start(1000)[2].out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["jupyter_server_config.py"]


def test_a_link_to_nothing_is_no_folder_that_can_be_made(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nothing", target_is_directory=True)
    assert not lab.can_be_written(tmp_path / "link")
    assert lab.can_be_written(tmp_path / "nothing" / "below")


def test_a_home_that_can_be_written_to_stays_jupyters(start, monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("JUPYTER_RUNTIME_DIR", raising=False)
    assert start(1000)[2].out == ""
    assert os.environ["JUPYTER_DATA_DIR"] == str(tmp_path / "data")


def test_a_reader_that_has_gone_ends_it_without_a_word(configured, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    environment = os.environ | {"XLA_FLAGS": "--no_such_flag=1"}  # of which something is said
    with open(writer, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "course_lib.lab", str(tmp_path), "--version"],
            stdout=gone, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")


def test_jupyterlab_has_an_output_where_the_shell_has_closed_it(configured, tmp_path):
    seen = tmp_path / "seen"
    configured(f"import sys\nopen({str(seen)!r}, 'w').write(str(sys.stdout))\nsys.exit(0)")
    command = [sys.executable, "-m", "course_lib.lab", str(tmp_path), "--no-browser"]
    subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command], capture_output=True, check=False)
    assert os.devnull in seen.read_text()
