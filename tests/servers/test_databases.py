"""What must hold for a mirror, in each database of which a server can be started."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tests.transfers.mirrored import ALL


@pytest.mark.parametrize("holds", ALL, ids=lambda each: each.__name__)
def test_it_holds(engine: sa.Engine, holds: Callable[[sa.Engine], None]) -> None:
    holds(engine)
