"""What the sensors share: the connection, and how they wait."""

import time
from abc import abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk import BaseSensorOperator, PokeReturnValue, conf

from airflow_provider_dinero.adapters.airflow_errors import reported
from airflow_provider_dinero.api.errors import (
    DineroError,
    DineroPermanentError,
    DineroTemporaryError,
    DineroUnexpectedAnswer,
)
from airflow_provider_dinero.rendering import AuthoredTemplates
from airflow_provider_dinero.retry_policy import DINERO_RETRY_POLICY

if TYPE_CHECKING:
    from airflow.sdk import Context, RetryPolicy
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dinero.api import DineroClient
    from airflow_provider_dinero.hooks.dinero import DineroHook


TRIES = 9
T = TypeVar("T")


class DineroBaseSensor(AuthoredTemplates, BaseSensorOperator):
    """The base of the sensors.

    The first poke is in the worker. If it finds nothing, the sensor pokes again, reschedules itself or defers to the
    triggerer, depending on its mode. While Dinero can't be reached, it continues to wait. An error that waiting can't
    fix, such as a revoked key, fails it in all modes.

    :param dinero_conn_id: str, the connection; default dinero_default. Templated.
    :param organization_id: int, digits as str, or None for the connection's own; default None. Templated.
    :param retry_policy: RetryPolicy; default DineroRetryPolicy
    :param multiple_outputs: bool, whether to return each key as its own XCom too: sensor.output["count"]; default True
    :param soft_fail: bool, whether to skip the task, instead of failing it, if the sensor times out; default False
    :param deferrable: bool; default Airflow's `[operators] default_deferrable`
    """

    template_fields: Sequence[str] = ("dinero_conn_id", "organization_id")
    ui_color = "#d9f2e6"

    def __init__(
        self,
        *,
        dinero_conn_id: str = "dinero_default",
        organization_id: int | str | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        retry_policy: "RetryPolicy | None" = DINERO_RETRY_POLICY,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(retry_policy=retry_policy, multiple_outputs=multiple_outputs, **kwargs)
        self.dinero_conn_id = dinero_conn_id
        self.organization_id = organization_id
        self.deferrable = deferrable

    @cached_property
    def hook(self) -> "DineroHook":
        """The hook of the connection."""
        from airflow_provider_dinero.hooks.dinero import DineroHook

        return DineroHook(self.dinero_conn_id, self.organization_id)

    @property
    def client(self) -> "DineroClient":
        """The client of the connection."""
        return self.hook.get_conn()

    @reported
    def execute(self, context: "Context") -> Any:
        """Poke once; then wait according to the mode."""
        with self._skips():
            if not self.deferrable:
                return super().execute(context)
            found = self._look(context)
            if found is not None:
                return found
            end_time = time.time() + self.timeout
            self.defer(
                trigger=self._insist(lambda: self.trigger(context, end_time)),
                method_name="execute_complete",
                timeout=timedelta(seconds=self.timeout),
            )

    @reported
    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: "Context") -> Any:
        """Continue after a deferral."""
        with self._skips():
            return super().resume_execution(next_method, next_kwargs, context)

    @contextmanager
    def _skips(self) -> Generator[None]:
        """Skip on a timeout, with soft_fail: Airflow's own soft_fail skips any failure, and drops its text."""
        from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException, AirflowTaskTimeout

        soft_fail, self.soft_fail = self.soft_fail, False
        try:
            yield
        except (AirflowSensorTimeout, AirflowTaskTimeout) as error:
            if soft_fail:
                raise AirflowSkipException(str(error)) from None
            raise
        except AirflowSkipException as skip:  # with never_fail, Airflow skips any failure in a poke
            if skip.__cause__:
                self.log.error("%s", skip.__cause__)
            raise
        except DineroError as error:
            if self.never_fail:
                raise AirflowSkipException(str(error)) from None
            raise
        finally:
            self.soft_fail = soft_fail

    def poke(self, context: "Context") -> PokeReturnValue:
        """Look once.

        :param context: Context
        :return: PokeReturnValue with the result
        """
        found = self._look(context)
        return PokeReturnValue(is_done=found is not None, xcom_value=found)

    def execute_complete(self, context: "Context", event: Any = None) -> Any:
        """Return what the trigger found.

        :param context: Context
        :param event: dict: the result; `{"error", "advice"}` for a permanent error; or `{"timeout"}`
        """
        from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout

        if not isinstance(event, Mapping):
            raise AirflowFailException("The trigger ended without a result.")
        if event.get("timeout"):
            raise AirflowSensorTimeout(f"{self.task_id}: the sensor timed out after {self.timeout:.0f} s.")
        if event.get("error"):
            raise DineroPermanentError(str(event["error"]), str(event.get("advice") or ""))
        return self._insist(lambda: self.found(context, dict(event)))

    def _insist(self, do: Callable[[], T]) -> T:
        """Do what needs the watermark or the locks; retry while they can't be reached, for up to ten intervals."""
        for _ in range(TRIES):
            try:
                with self.client.show_errors():
                    return do()
            except DineroTemporaryError as error:
                self.log.warning("%s The sensor tries again.", error)
                time.sleep(self.poke_interval)
        with self.client.show_errors():
            return do()

    def _look(self, context: "Context") -> Any:
        try:
            with self.client.show_errors():
                return self.look(context)
        except (DineroTemporaryError, DineroUnexpectedAnswer) as error:
            self.log.warning("%s The sensor continues to wait.", error)
            return None

    @abstractmethod
    def look(self, context: "Context") -> dict[str, Any] | None:
        """Return the result, or None if there is none yet.

        :param context: Context
        """

    @abstractmethod
    def trigger(self, context: "Context", end_time: float) -> "BaseTrigger":
        """Return the trigger that continues to wait.

        :param context: Context
        :param end_time: float, seconds since the epoch when the sensor gives up
        """

    @abstractmethod
    def found(self, context: "Context", event: dict[str, Any]) -> dict[str, Any]:
        """Return the sensor's result after its trigger has fired.

        :param context: Context
        :param event: dict, from the trigger
        """
