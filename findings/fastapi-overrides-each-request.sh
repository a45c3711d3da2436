#!/usr/bin/env bash
# FastAPI 0.136.3: as soon as `app.dependency_overrides` holds anything, even for a dependency that a route doesn't use,
# each request reads the signatures of all dependencies of its route again, as is otherwise done once, when the route is
# made. Airflow 3.3.2 sets such overrides for its in-process Execution API, so every call of a task under `dag.test()`
# and `airflow dags test` (each connection, variable, XCom and state) does it.
#
# Expected: overrides are looked up in a dict, and cost nothing else. In a suite that runs tasks in process, it was 30 %
# of the API's time; tests that override an API's authentication pay for it too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3.11 -m venv venv
venv/bin/python -m pip install --quiet uv 2> /dev/null
venv/bin/uv pip install --quiet --python venv/bin/python fastapi==0.136.3 httpx==0.28.1
cat > count.py << 'PYTHON'
import asyncio
import inspect

import httpx
from fastapi import Depends, FastAPI

app, looked = FastAPI(), []
signature = inspect.signature
inspect.signature = lambda *given, **options: looked.append(1) or signature(*given, **options)


def page(number: int = 0) -> int: return number
def user(name: str = "") -> str: return name
def elsewhere() -> None: ...


@app.get("/")
def read(number: int = Depends(page), name: str = Depends(user)) -> dict[str, int]:
    return {"number": number}


async def asked() -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        await client.get("/")
        looked.clear()
        assert (await client.get("/", params={"number": 3})).json() == {"number": 3}
        return len(looked)


print("no override:", asyncio.run(asked()))
app.dependency_overrides[elsewhere] = lambda: None
print("an override of a dependency that the route doesn't use:", asyncio.run(asked()))
PYTHON
found=$(venv/bin/python count.py)
echo "Signatures read in the second request, with"
echo "$found"
wanted="no override: 0
an override of a dependency that the route doesn't use: 2"
[ "$found" = "$wanted" ] || { echo "That has changed: it was $wanted"; exit 1; }
