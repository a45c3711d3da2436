"""Airflow's API server and CLI as forks of one process, since each takes seconds to import Airflow.

    python -m tests.ui.forks SOCKET

Plugins are loaded after the fork: workers of the API server share no more of them than elsewhere.
"""

import gc
import importlib
import os
import signal
import sys
import tempfile
from multiprocessing import get_context
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import IO

# Airflow holds a million objects, and the garbage collector looks through all of them again and again.
gc.set_threshold(100_000, 50, 100)
IMPORTED = (
    "airflow.api_fastapi.app",
    "airflow.api_fastapi.core_api.app",
    "airflow.api_fastapi.core_api.routes.public",
    "airflow.api_fastapi.core_api.routes.ui",
    "airflow.cli.cli_parser",
)
FORK = get_context("fork")


def run(socket: Path, *command: str) -> tuple[int, str]:
    """Run a command of Airflow there, and return its exit code and output."""
    with Client(str(socket)) as there:
        there.send(command)
        code, output = there.recv()
    return code, output


def serve(socket: str) -> None:
    """Run the API server, and commands, until SIGINT."""
    for name in IMPORTED:
        importlib.import_module(name)
    importlib.import_module("uvicorn._subprocess").spawn = FORK  # type: ignore[attr-defined]
    server = FORK.Process(target=airflow, args=(("api-server", "--apps", "core"),))
    server.start()
    try:
        with Listener(socket) as listener:
            while True:
                with listener.accept() as there, tempfile.TemporaryFile() as output:
                    process = FORK.Process(target=airflow, args=(there.recv(), output))
                    process.start()
                    process.join()
                    output.seek(0)
                    there.send((process.exitcode, output.read().decode()))
    except KeyboardInterrupt:
        os.kill(server.pid or 0, signal.SIGINT)
        server.join()


def airflow(command: tuple[str, ...], output: IO[bytes] | None = None) -> None:
    """Run a command of Airflow in this process."""
    from airflow.__main__ import main

    if output:
        for each in (1, 2):
            os.dup2(output.fileno(), each)
    sys.argv[:] = ["airflow", *command]
    main()


if __name__ == "__main__":
    serve(sys.argv[1])
