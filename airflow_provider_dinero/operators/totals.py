"""The bases of the operators that compare the total of a document with an expected total."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.operators.base import DineroBaseOperator, whole

if TYPE_CHECKING:
    from airflow_provider_dinero.api.bodies.totals import ExpectedTotal


class ExpectingOperator(DineroBaseOperator):
    """The base of operators that check the total of a document before booking it.

    :param expected_total: str, Decimal or int, the total that the document must have, including VAT, in its own
        currency, such as "1543.13"; a document with another total isn't booked; default None: any total. Templated.
    """

    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "expected_total")

    def __init__(self, *, expected_total: str | Decimal | int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.expected_total = expected_total

    @property
    def expected(self) -> "ExpectedTotal | None":
        """The expected total, or None."""
        from airflow_provider_dinero.api.bodies.totals import expected

        return expected(self.expected_total, roundable=False)


class RoundingOperator(ExpectingOperator):
    """An `ExpectingOperator` that can add a rounding line for a small difference.

    :param expected_total: as `ExpectingOperator`
    :param rounding_account: int, the account of a line for a difference of up to max_rounding, preferably an account
        without VAT; default None: no such line. Templated.
    :param max_rounding: str, Decimal or int, the largest difference for the line, such as "0.05"; required with
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
        """The expected total with its rounding, or None."""
        from airflow_provider_dinero.api.bodies.totals import expected

        account = None if self.rounding_account is None else whole("rounding_account", self.rounding_account)
        return expected(self.expected_total, account, self.max_rounding)
