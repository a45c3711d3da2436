"""What the operators share whose document has a total that its author can know beforehand."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.operators.base import DineroBaseOperator, whole

if TYPE_CHECKING:
    from airflow_provider_dinero.api.bodies.totals import ExpectedTotal


class ExpectingOperator(DineroBaseOperator):
    """The base of operators that compare the total of a document before it is booked.

    :param expected_total: str, Decimal or int, what the document comes to, VAT included, in its own currency, such as
        "1543.13"; another total isn't booked; default None: whatever it comes to. Templated.
    """

    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "expected_total")

    def __init__(self, *, expected_total: str | Decimal | int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.expected_total = expected_total

    @property
    def expected(self) -> "ExpectedTotal | None":
        """What is expected; None where nothing is."""
        from airflow_provider_dinero.api.bodies.totals import expected

        return expected(self.expected_total)


class RoundingOperator(ExpectingOperator):
    """The same, where a small difference may go on a line of its own.

    :param expected_total: as `ExpectingOperator`
    :param rounding_account: int, the account of a line for a difference of up to max_rounding, best one without VAT;
        default None: no such line. Templated.
    :param max_rounding: str, Decimal or int, the largest difference that goes on it, such as "0.05"; it goes with
        rounding_account; default None. Templated.
    """

    template_fields: Sequence[str] = (*ExpectingOperator.template_fields, "rounding_account", "max_rounding")

    def __init__(
        self,
        *,
        rounding_account: int | str | None = None,
        max_rounding: str | Decimal | int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rounding_account = rounding_account
        self.max_rounding = max_rounding

    @property
    def expected(self) -> "ExpectedTotal | None":
        """What is expected, and how far it may be rounded; None where nothing is."""
        from airflow_provider_dinero.api.bodies.totals import expected

        account = None if self.rounding_account is None else whole("rounding_account", self.rounding_account)
        return expected(self.expected_total, account, self.max_rounding)
