"""Each storage's extra, in an environment of its own beside constraints.txt: Airflow and its file system are imported.

Snowflake's provider is installed beside constraints-snowflake.txt, with all extras at once.

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
SNOWFLAKE = "snowflake"
PROGRAM = """
import importlib, sys
import airflow.sdk
from airflow.sdk.io import has_fs
for scheme, module in zip(sys.argv[1::2], sys.argv[2::2]):
    importlib.import_module(module)
    assert has_fs(scheme) or scheme == "snowflake", "Airflow has no file system for it"
"""


def wanted(name: str) -> tuple[list[str], list[str]]:
    """Return what to install, and the arguments of the program."""
    if name != SNOWFLAKE:
        package, constraints, imports = f"airflow-provider-dinero[{name}]", "constraints.txt", [*STORAGES[name]]
        more = []
    else:
        extras = ",".join(["parquet", "redis", "sql", *STORAGES])
        package, constraints = f"airflow-provider-dinero[{extras}]", "constraints-snowflake.txt"
        more = ["apache-airflow-providers-snowflake"]
        modules = ("airflow.providers.snowflake.hooks.snowflake", "snowflake.sqlalchemy")
        imports = [each for module in modules for each in (SNOWFLAKE, module)]
        imports += [each for storage in STORAGES.values() for each in storage]
    return [f"{package} @ {ROOT.as_uri()}", *more, "--constraint", str(ROOT / constraints)], imports


def install(extra: str, folder: Path) -> None:
    """Install an extra, and import the packages that it is for."""
    uv, python = Path(sys.executable).with_name("uv"), folder / "bin" / "python"
    environment = {**os.environ, "AIRFLOW_HOME": str(folder / "home")}
    environment.pop("PYTHONPATH", None)
    packages, imports = wanted(extra)
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder],
        [uv, "pip", "install", "--quiet", "--python", python, *packages],
        [python, "-c", PROGRAM, *imports],
        [folder / "bin" / "airflow", "version"],
    ):
        done = subprocess.run([str(each) for each in command], env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{extra}: {' '.join(map(str, command[:3]))} failed:\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    print(f"{extra}: installed, imported, Airflow {done.stdout.strip().splitlines()[-1]}")


def main() -> None:
    """Do so for those that are named, or for all."""
    for extra in sys.argv[1:] or [*STORAGES, SNOWFLAKE]:
        with tempfile.TemporaryDirectory(prefix="dinero-install-") as folder:
            install(extra, Path(folder))


if __name__ == "__main__":
    main()
