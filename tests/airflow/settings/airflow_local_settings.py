"""Imported by every component of the tests' Airflow, to save repeated work in its processes."""

import gc
import importlib
import pkgutil
import sys

# Airflow holds a million objects, and the garbage collector looks through all of them again and again.
gc.set_threshold(100_000, 50, 100)

# What each task and each DAG file would import after its process was forked.
if {"scheduler", "dag-processor"} & set(sys.argv):
    for _part in ("api", "operators", "sensors", "transfers", "hooks"):
        _package = importlib.import_module(f"airflow_provider_dinero.{_part}")
        for _found in pkgutil.walk_packages(_package.__path__, f"{_package.__name__}."):
            if not _found.name.endswith("__main__"):
                importlib.import_module(_found.name)
    for _name in (
        "airflow.providers.standard.operators.hitl",
        "airflow.sdk.definitions.decorators",
        "airflow.sdk.execution_time.supervisor",
        "airflow.sdk.execution_time.task_runner",
        "airflow.sdk.lineage",
        "requests",
    ):
        importlib.import_module(_name)

# The tasks of this Airflow are of its own version.
if {"api-server", "triggerer"} & set(sys.argv):
    from tests.operators.execution import leave_out_old_versions

    leave_out_old_versions()
