"""Start JupyterLab in the learner's copy: `python -m course_lib.lab FOLDER [OPTION]...`."""

from course_lib import interrupted

if __name__ == "__main__":
    interrupted.end_at_once("lab")

import os
import runpy
import sys
import tempfile
from pathlib import Path

from course_lib.closed_pipe import end_quietly
from course_lib.hindrances import cut_off
from course_lib.xla_flags import unknown_flag

SETTINGS = Path(__file__).parent / "jupyter" / "lab_config"  # no question about news over a cell

AS_ROOT = (
    "You are root, and so is every cell that you run: JupyterLab answers this machine only, and "
    "whoever has its token."
)
# Whose settings name the folder that is opened, and the one in it to begin in.
OWNERS = ("ServerApp", "FileContentsManager")
ROOT_DIR = {
    *("--notebook-dir", "--ServerApp.notebook_dir"),
    *(f"--{owner}.root_dir" for owner in OWNERS),
}
PREFERRED_DIR = {"--preferred-dir", *(f"--{owner}.preferred_dir" for owner in OWNERS)}

ELSEWHERE = (
    "{} can't be written to: JupyterLab uses {} instead{}. Your answers are in your copy, as "
    "always."
)
NO_TOKEN = (
    "course: You are root, and a token that is switched off would let everyone on this machine be "
    "root. Leave `token` out of ARGS and of Jupyter's configuration."
)


def command(options: list[str], root: bool) -> list[str]:
    """What JupyterLab is started with in this folder, its name first.

    Args:
        options: for JupyterLab.
        root: whether it will run as root, which JupyterLab refuses unless it is told otherwise.
    """
    named = {option.split("=")[0] for option in options}
    more = []
    # Jupyter's configuration may name another folder, in which one's other notebooks lie.
    if not named & ROOT_DIR:
        more += [f"--{owner}.root_dir={os.getcwd()}" for owner in OWNERS]
        # It may name one below that other folder to begin in, too: JupyterLab would not start.
        if not named & PREFERRED_DIR:
            more += [f"--{owner}.preferred_dir={os.getcwd()}" for owner in OWNERS]
    if root:
        more.append("--allow-root")
        if not named & {"--ip", "--ServerApp.ip"}:
            more.append("--ServerApp.ip=127.0.0.1")
    return ["jupyterlab", *more, *options]


def token_is_off(options: list[str]) -> bool:
    """Whether the options, or Jupyter's configuration files, set an empty token."""
    from jupyter_server.serverapp import ServerApp

    server = ServerApp()
    server.parse_command_line(options)
    server.load_config_file()
    sections = ("IdentityProvider", "ServerApp", "NotebookApp")
    tokens = [server.config.get(section, {}).get("token") for section in sections]
    return any(str(token).strip("'\"") == "" for token in tokens)  # Jupyter takes quotes away


def can_be_written(folder: Path) -> bool:
    """Whether files can be made in a folder or, where it isn't there, the folder can be made.

    It isn't made here: Jupyter makes it so that nobody else can read the token in it.
    """
    there = next(filter(os.path.lexists, (folder, *folder.parents)), folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            return True
    except OSError:
        return False


def settle_somewhere() -> None:
    """Where Jupyter can't write into its own folders of the home, give it others.

    Some containers have such a home. JupyterLab would end with a traceback.
    """
    from jupyter_core import paths

    own = {
        "JUPYTER_CONFIG_DIR": paths.jupyter_config_dir(),
        "JUPYTER_DATA_DIR": paths.jupyter_data_dir(),
        "JUPYTER_RUNTIME_DIR": paths.jupyter_runtime_dir(),
    }
    lacking = [name for name, folder in own.items() if not can_be_written(Path(folder))]
    if lacking:
        other = Path(tempfile.mkdtemp(prefix="jupyter-"))
        for name in lacking:
            os.environ[name] = str(other / name.split("_")[1].lower())
        settings = "JUPYTER_CONFIG_DIR" in lacking
        if settings:  # what somebody has set there is still read
            both = [os.environ.get("JUPYTER_CONFIG_PATH"), own["JUPYTER_CONFIG_DIR"]]
            os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, both))
        folders = " and ".join(own[name] for name in lacking)
        more = ", for its settings too" if settings else ""
        print(ELSEWHERE.format(folders, other, more), flush=True)


def main(folder: str, *options: str) -> int:
    """Become JupyterLab in `folder`; returns, with 2, only if it must not start.

    In this process, so that Ctrl-C is one line until JupyterLab asks what it means, and no file of
    the learner's there, such as a random.py, is taken for a module of JupyterLab's.
    """
    if problem := cut_off():
        print(f"course: {problem}", file=sys.stderr)
        return 2
    settle_somewhere()
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and token_is_off(list(options)):
        print(NO_TOKEN, file=sys.stderr)
        return 2
    if root:
        print(AS_ROOT, flush=True)
    if problem := unknown_flag():
        print(problem, flush=True)
    paths = [os.environ.get("JUPYTER_CONFIG_PATH"), str(SETTINGS)]  # whose own settings come first
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    # A kernel python3 of another environment, which knows nothing of the course, may come first.
    data = [str(Path(sys.prefix, "share", "jupyter")), os.environ.get("JUPYTER_PATH")]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, data))
    os.environ.pop("MPLBACKEND", None)  # figures belong below their cells, not into windows
    os.chdir(Path(folder))
    sys.argv = command(list(options), root)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if sys.stdout is None:  # as with `>&-`: JupyterLab's terminals would not start
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (for as long as JupyterLab runs)
    # Until JupyterLab says what Ctrl-C means, it goes on ending this in one line.
    sys.exit(end_quietly(lambda: main(*sys.argv[1:])))
