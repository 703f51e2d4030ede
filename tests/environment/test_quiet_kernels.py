"""A kernel of the environment that `make` makes begins without a word."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START = """
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")
client.execute_interactive("print(6 * 7)")
client.stop_channels()
manager.shutdown_kernel()
"""


@pytest.mark.slow
def test_a_kernel_says_what_its_cells_print_and_nothing_else(tmp_path):
    runpy.run_path(str(ROOT / "environment" / "make.py"))["quiet_kernels"](tmp_path)
    # IPython looks in its profile too, and there before it looks in this environment.
    home = tmp_path / "home"
    home.mkdir()
    (home / "profile_default").symlink_to(tmp_path / "etc" / "ipython")
    started = subprocess.run(
        [sys.executable, "-c", START],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"IPYTHONDIR": str(home)},
    )
    assert (started.stdout, started.stderr) == ("42\n", "")
