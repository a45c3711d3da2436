"""Name the pinned versions that have known vulnerabilities: pip-audit on the constraints, with PyPI's data.

It exits with 1 if there are any. If the data can't be reached, it says so, and exits with 0.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
# The day of the last answer, in this clone.
ANSWERED = ROOT / ".airflow" / "audit-answered"
FILES = ("constraints.txt", "constraints-snowflake.txt")
COMMAND = ["pip-audit", "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off", "--requirement"]


def told(report: dict[str, Any]) -> tuple[bool, list[str]]:
    """Return whether the data was reached, and a line for each version with a finding.

    :param report: dict, from pip-audit; it lists versions without data as "skipped", even if there is no data at all
    """
    dependencies: list[dict[str, Any]] = report["dependencies"]
    reached = any("skip_reason" not in each for each in dependencies)
    lines = []
    for each in dependencies:
        if "skip_reason" in each:
            lines += [f"{each['name']}: not checked. {each['skip_reason']}"] * reached
        for found in each.get("vulns", ()):
            mended = ", ".join(found["fix_versions"]) or "no version"
            lines.append(f"{each['name']} {each['version']}: {found['id']}, fixed in {mended}")
    return reached, lines


def audit(file: str) -> int:
    """Run pip-audit on a file of constraints, and print its findings."""
    done = subprocess.run(
        [Path(sys.executable).parent / COMMAND[0], *COMMAND[1:], file], cwd=ROOT, capture_output=True, text=True
    )
    try:
        report = json.loads(done.stdout)
    except ValueError:  # it ends with a traceback if it can't reach anything
        report, reason = {"dependencies": []}, (done.stderr.strip().splitlines() or ["no reason"])[-1]
    else:
        reason = "it knows nothing of any version"
    reached, lines = told(report)
    if not reached:
        last = ANSWERED.read_text() if ANSWERED.exists() else "never, in this clone"
        print(f"The data of known vulnerabilities can't be reached ({reason}). The last answer: {last}.")
        return 0
    ANSWERED.parent.mkdir(exist_ok=True)
    ANSWERED.write_text(f"{datetime.now(UTC):%Y-%m-%d}")
    print("\n".join(lines) or f"No version in {file} has a known vulnerability.")
    return int(any(each.get("vulns") for each in report["dependencies"]))


def main() -> int:
    """Audit all files; return 1 if a version in one of them has a known vulnerability."""
    return max(audit(file) for file in FILES)


if __name__ == "__main__":
    sys.exit(main())
