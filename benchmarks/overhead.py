"""The cost of a shared lock and a shared allowance for a request that needn't wait, with files, beside peers.

Each is measured in batches, in turns; what is printed are medians.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import filelock
from pyrate_limiter import Limiter, Rate, SQLiteBucket

from airflow_provider_dinero.coordination.files import FileBudget, FileLock

BATCHES = 11
BATCH = 100
PER_MINUTE = 100
STEP = 60 / PER_MINUTE + 0.02  # the allowance is used up as far as it can be without a wait


def once(action: Callable[[], object]) -> float:
    """Return the milliseconds per call of a batch."""
    began = time.perf_counter()
    for _ in range(BATCH):
        action()
    return (time.perf_counter() - began) * 1000 / BATCH


def main() -> None:
    """Measure all, print the table, and fail if the budget is exceeded."""
    now = time.time()

    def clock() -> float:
        nonlocal now
        now += STEP
        return now

    with tempfile.TemporaryDirectory() as folder:
        budget, lock = FileBudget(Path(folder, "ours"), clock), FileLock(Path(folder, "ours"))
        other = filelock.FileLock(Path(folder, "peer.lock"))
        bucket = SQLiteBucket.init_from_file([Rate(10**6, 60_000)], db_path=f"{folder}/peer.db", use_file_lock=True)
        limiter = Limiter(bucket)

        def held() -> None:
            with lock.hold("document"):
                pass

        def peer_held() -> None:
            with other:
                pass

        ways: dict[str, Callable[[], object]] = {
            "a slot of the allowance": lambda: budget.reserve("client/1", PER_MINUTE, 60),
            "the same, pyrate-limiter (SQLite, file lock)": lambda: limiter.try_acquire("k"),
            "a lock": held,
            "the same, filelock": peer_held,
        }
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(BATCHES):
            for way, action in ways.items():
                taken[way].append(once(action))
        limiter.close()
    medians = {way: statistics.median(each) for way, each in taken.items()}
    for way, value in medians.items():
        print(f"{way:62} {value:6.3f} ms")
    slot, peer_slot, own_lock, peer_lock = medians.values()
    print(f"{'a slot over pyrate-limiter':62} {slot / peer_slot:6.2f}")
    print(f"{'a lock over filelock':62} {own_lock / peer_lock:6.2f}")
    print(f"{'lock and slot together, ms':62} {slot + own_lock:6.3f}   (at most 1)")
    sys.exit(slot + own_lock > 1)


if __name__ == "__main__":
    main()
