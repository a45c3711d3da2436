"""Run a script of another client against a sandbox: ``run.py PYTHON SCRIPT``."""

from __future__ import annotations

import subprocess
import sys

from airflow_provider_dinero.sandbox.server import running

if __name__ == "__main__":
    with running() as sandbox:
        sys.exit(subprocess.run([*sys.argv[1:], sandbox.url], check=False, timeout=120).returncode)
