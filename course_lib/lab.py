"""Start JupyterLab in the learner's copy: `python -m course_lib.lab FOLDER [OPTION]...`."""

from course_lib import interrupted

if __name__ == "__main__":
    interrupted.end_at_once("lab")

import os
import runpy
import sys
from pathlib import Path

SETTINGS = Path(__file__).parent / "jupyter" / "lab_config"  # no question about news over a cell

AS_ROOT = (
    "You are root, and so is every cell that you run: JupyterLab answers this machine only, and "
    "whoever has its token."
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
    if not named & {"--notebook-dir", "--ServerApp.notebook_dir", "--ServerApp.root_dir"}:
        more.append(f"--ServerApp.root_dir={os.getcwd()}")
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


def main(folder: str, *options: str) -> int:
    """Become JupyterLab in `folder`; returns, with 2, only if it must not start.

    In this process, so that Ctrl-C is one line until JupyterLab asks what it means, and no file of
    the learner's there, such as a random.py, is taken for a module of JupyterLab's.
    """
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and token_is_off(list(options)):
        print(NO_TOKEN, file=sys.stderr)
        return 2
    if root:
        print(AS_ROOT, flush=True)
    paths = [os.environ.get("JUPYTER_CONFIG_PATH"), str(SETTINGS)]  # whose own settings come first
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    os.environ.pop("MPLBACKEND", None)  # figures belong below their cells, not into windows
    os.chdir(Path(folder))
    sys.argv = command(list(options), root)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    # Until JupyterLab says what Ctrl-C means, it goes on ending this in one line.
    sys.exit(main(*sys.argv[1:]))
