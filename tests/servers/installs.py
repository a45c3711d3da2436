"""Each storage's extra, in an environment of its own beside constraints.txt: Airflow and its file system are imported.

`pip check` accepts versions that can't be imported together, so only this finds them.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The extra, a scheme that Airflow has with it, and the module of its file system.
STORAGES = {"s3": ("s3", "s3fs"), "gcs": ("gs", "gcsfs"), "azure": ("abfs", "adlfs"), "sftp": ("sftp", "sshfs")}
PROGRAM = """
import importlib, sys
import airflow.sdk
from airflow.sdk.io import has_fs
importlib.import_module(sys.argv[2])
assert has_fs(sys.argv[1]), "Airflow has no file system for it"
"""


def install(extra: str, folder: Path) -> None:
    """Install an extra, and import the packages that it is for."""
    uv, python = Path(sys.executable).with_name("uv"), folder / "bin" / "python"
    environment = {**os.environ, "AIRFLOW_HOME": str(folder / "home")}
    environment.pop("PYTHONPATH", None)
    package = [f"airflow-provider-dinero[{extra}] @ {ROOT.as_uri()}", "--constraint", str(ROOT / "constraints.txt")]
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder],
        [uv, "pip", "install", "--quiet", "--python", python, *package],
        [python, "-c", PROGRAM, *STORAGES[extra]],
        [folder / "bin" / "airflow", "version"],
    ):
        done = subprocess.run([str(each) for each in command], env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{extra}: {' '.join(map(str, command[:3]))} failed:\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    print(f"{extra}: installed, imported, Airflow {done.stdout.strip().splitlines()[-1]}")


def main() -> None:
    """Do so for those that are named, or for all."""
    for extra in sys.argv[1:] or STORAGES:
        with tempfile.TemporaryDirectory(prefix="dinero-install-") as folder:
            install(extra, Path(folder))


if __name__ == "__main__":
    main()
