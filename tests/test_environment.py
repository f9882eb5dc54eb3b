"""How our programs are started, whatever the variables around them say."""

import os
import subprocess
import sys

from tests.conftest import ROOT

SEEN = "import environment, os, sys; print(os.environ.get('PYTHONDONTWRITEBYTECODE'), sys.dont_write_bytecode)"


def test_bytecode_is_kept_where_a_container_forbids_it():
    variables = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run([sys.executable, "-c", SEEN], cwd=ROOT, env=variables, capture_output=True, text=True)
    assert run.stdout == "None False\n"
