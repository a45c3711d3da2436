"""The constraints for Snowflake are those for all others, but for what its provider can't have."""

import re

from local import ROOT

DIFFER = {"cloudpickle", "protobuf", "sqlalchemy"}


def pins(file: str) -> dict[str, str]:
    lines = [line.partition("==") for line in (ROOT / file).read_text().splitlines()]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, _, version in lines}


def test_constraints_for_snowflake() -> None:
    all_others, snowflake = pins("constraints.txt"), pins("constraints-snowflake.txt")
    both = all_others.keys() & snowflake.keys()
    assert {name for name in both if all_others[name] != snowflake[name]} == DIFFER
    assert len(both) > 300
