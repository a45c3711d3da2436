"""The examples: what each does, what to change, and its code."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
HEAD = """# Examples

Each of these DAGs is a common workflow, in a file of `example_dags/`. `make ui` starts a sandbox, and an Airflow with
all of these DAGs. Trigger a DAG there, and look at the sandbox's pages to see what it has done. Only
`dinero_receipts_by_mail` doesn't run there, because it needs a mailbox. To use a DAG yourself, copy its file, and
change what its description names. A test runs each DAG on a real Airflow.
"""
ORDER = (
    "dinero_shop_orders", "dinero_approval", "dinero_public_einvoice", "dinero_dunning", "dinero_payout",
    "dinero_receipts", "dinero_receipts_by_mail", "dinero_invoice_paid", "dinero_mirror", "dinero_month_end",
    "dinero_many_organizations",
)  # fmt: skip
PICTURES = {"dinero_approval": "![Airflow asks whether to book two invoices](images/approval.png)\n"}


def page() -> str:
    """Return `examples.md`."""
    files = {file.stem: file for file in (ROOT / "example_dags").glob("*.py")}
    assert sorted(files) == sorted(ORDER), "an example is missing in ORDER"
    return HEAD + "".join(section(files[name]) for name in ORDER)


def section(file: Path) -> str:
    """Return the section of an example, from its docstring.

    :param file: Path
    """
    words = ast.get_docstring(ast.parse(file.read_text()))
    return f"""
## {file.stem}

{words}

{PICTURES.get(file.stem, "")}
<details class="example" markdown="1">
<summary>example_dags/{file.name}</summary>

```python
{file.read_text()}```

</details>
"""
