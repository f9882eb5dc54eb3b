"""In CI, a test that is skipped for a reason that is not allowed fails the run."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

ONE_OF_TWO = """
import pytest

def test_passes():
    pass

@pytest.mark.skip(reason="SPIDER_DIR is not set")
def test_is_skipped():
    pass
"""
WHOLE_FILE = 'import pytest; pytest.importorskip("no_such_package", reason="needs no_such_package")'


@pytest.mark.parametrize(
    ("options", "forbidden"),
    [
        ([], []),
        (["--allowed-skips", "_DIR|needs"], []),
        (["--allowed-skips", "needs"], ["SPIDER_DIR is not set"]),
        (["--allowed-skips", "GPU", "-n", "1"], ["needs no_such_package", "SPIDER_DIR is not set"]),
    ],
)
def test_a_skip_fails_the_run_where_only_others_are_allowed(tmp_path, options, forbidden):
    (tmp_path / "test_one_of_two.py").write_text(ONE_OF_TWO)
    (tmp_path / "test_whole_file.py").write_text(WHOLE_FILE)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", f"--rootdir={tmp_path}", *options, str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    printed = [line for line in run.stdout.splitlines() if line.startswith("FAILED")]
    assert printed == [f"FAILED by --allowed-skips: {reason}" for reason in forbidden]
    assert run.returncode == (1 if forbidden else 0)
