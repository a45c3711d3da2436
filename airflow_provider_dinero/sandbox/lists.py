"""What all lists share, in SQL: ``fields``, ``queryFilter``, ``changesSince``, ``deletedOnly`` and paging."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer
from airflow_provider_dinero.sandbox.calls import Call, malformed
from airflow_provider_dinero.sandbox.contract import parameter, parameters
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.filters import conditions

MAX_PAGE_SIZE = 1000


class Selection:
    """The rows of one table that a list covers.

    :param call: the request
    :param table: a table with the columns organization, updated_at, deleted_at and data
    """

    def __init__(self, call: Call, table: str) -> None:
        self.call, self.table = call, table
        self.columns = "*"
        self._base: list[str] = ["organization = ?"]
        self._base_parameters: list[Any] = [call.organization]
        self._filters: list[str] = []
        self._parameters: list[Any] = []
        self._counts: dict[bool, int] = {}

    def restrict(self, condition: str, *parameters: Any) -> None:
        """Leave out rows that this list never includes."""
        self._base.append(condition)
        self._base_parameters.extend(parameters)

    def filter(self, condition: str, *parameters: Any) -> None:
        """Leave out rows that the caller's filters exclude."""
        self._filters.append(condition)
        self._parameters.extend(parameters)

    def count(self, *, filtered: bool) -> int:
        """Return the number of rows, with or without the caller's filters."""
        if filtered not in self._counts:
            where, parameters = self._where(filtered)
            sql = f"SELECT count(*) FROM {self.table} {where}"
            self._counts[filtered] = int(self.call.store.execute(sql, parameters).fetchone()[0])
        return self._counts[filtered]

    def rows(self, order: str, limit: int, offset: int) -> list[sqlite3.Row]:
        """Return one page of rows.

        :param order: SQL in which every term ends in ``ASC`` or ``DESC``
        :param limit: number of rows
        :param offset: number of rows before them
        """
        remaining, way = self.count(filtered=True) - offset, order
        if remaining <= 0:
            return []
        if remaining < offset:
            # Count from the end if that is nearer: the last page costs no more than the first.
            way, limit, offset = _reversed(order), min(limit, remaining), max(0, remaining - limit)
        where, parameters = self._where(True)
        # Sort row ids, not rows: rows are mostly JSON, which only one page needs.
        page = f"SELECT rowid FROM {self.table} {where} ORDER BY {way} LIMIT ? OFFSET ?"
        sql = f"SELECT {self.columns} FROM {self.table} WHERE rowid IN ({page}) ORDER BY {order}"
        return self.call.store.execute(sql, [*parameters, limit, offset]).fetchall()

    def _where(self, filtered: bool) -> tuple[str, list[Any]]:
        terms = self._base + (self._filters if filtered else [])
        return f"WHERE {' AND '.join(terms)}", self._base_parameters + (self._parameters if filtered else [])


def _reversed(order: str) -> str:
    return re.sub(r"\b(ASC|DESC)(?=,|$)", lambda found: "DESC" if found[1] == "ASC" else "ASC", order)


def select(call: Call, table: str, path: str, *, with_deleted: bool = False) -> Selection:
    """Return the rows that the common query parameters select.

    :param call: the request
    :param table: the table
    :param path: path of the list in the contract, which defines the properties that can be filtered
    :param with_deleted: whether the list includes deleted rows by default (contacts v2)
    """
    selection = Selection(call, table)
    if call.flag("deletedOnly"):
        selection.restrict("deleted_at IS NOT NULL")
    elif not (with_deleted or (call.settings.v1_changes_include_deleted and changes_since(call))):
        # The text of v1 contradicts itself on changesSince; the safe reading is that deleted rows stay out.
        selection.restrict("deleted_at IS NULL")
    declared = parameters(path)
    if "queryFilter" in declared and (expression := call.text("queryFilter")):
        for condition, value in conditions(expression, declared["queryFilter"]["x-filterable-fields"]):
            selection.filter(condition, value)
        if "contactguid" in expression.lower():
            call.hold = call.settings.contact_filter_seconds
    if "changesSince" in declared and (since := changes_since(call)):
        selection.filter("updated_at >= ?", since)
    return selection


def changes_since(call: Call) -> str:
    """Return the instant, comparable with the columns (zone-less UTC), or "". Only the documented form is valid."""
    since = call.text("changesSince")
    try:
        if since and not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", since, re.ASCII):
            raise ValueError(since)
        # Also in the right form there are dates that don't exist.
        _ = since and datetime.fromisoformat(since)
    except ValueError:
        raise malformed("changesSince", "UTC in the form 2015-08-18T06:36:22Z") from None
    return f"{since.removesuffix('Z')}.000" if since else ""


# Selectable although the documents don't list them: two clients' recorded requests.
MORE_FIELDS = {
    "contacts": ("IsDebitor", "IsCreditor"),
    "products": ("Comment",),
    "entry": ("IsDefaultSalesAccount",),
    "purchase": ("IsDefaultSalesAccount",),
}


def wanted_fields(call: Call, path: str) -> dict[str, str]:
    """Return the properties that ``fields`` selects, by the caller's spelling, which is the key in the response.

    Undocumented: an unknown field is rejected, so that no client comes to rely on one that doesn't exist.
    """
    declared = parameter(path, "fields")
    # Some defaults include fields that the text doesn't list (accounts IsHidden, products ProductGuid).
    names = {
        name.lower(): name
        for name in [
            *declared["default"].split(","),
            *declared["x-allowed-values"],
            *MORE_FIELDS.get(path.rpartition("/")[2], ()),
        ]
    }
    asked = [name.strip() for name in call.text("fields", declared["default"]).split(",") if name.strip()]
    unknown = [name for name in asked if name.lower() not in names]
    if unknown:
        raise invalid("fields", f"Unknown: {', '.join(unknown)}. Known: {', '.join(names.values())}.")
    return {name: names[name.lower()] for name in asked}


def pick(values: JsonObject, fields: dict[str, str]) -> JsonObject:
    """Return an object with the selected fields only."""
    return {spelling: values[name] for spelling, name in fields.items()}


def paging(call: Call, default_size: int) -> tuple[int, int]:
    """Return ``page`` and ``pageSize``."""
    page, size = call.number("page", 0), call.number("pageSize", default_size)
    if page < 0 or page > 2**31 - 1 or not 1 <= size <= MAX_PAGE_SIZE:
        key = "page" if 1 <= size <= MAX_PAGE_SIZE else "pageSize"
        reason = f"page starts at 0, pageSize is 1 to {MAX_PAGE_SIZE}."
        raise ApiError(43, status=call.settings.page_size_error, problems={key: reason})
    return page, size


def paged(selection: Selection, path: str, order: str, model: Callable[[sqlite3.Row], JsonObject]) -> Response:
    """Return one page of a list.

    :param selection: the rows
    :param path: path of the list in the contract, which defines the values of ``fields``
    :param order: SQL that orders rows uniquely, so that no row is on two pages
    :param model: converts a row to an object with all fields
    """
    call = selection.call
    fields, (page, size) = wanted_fields(call, path), paging(call, 100)
    found = [pick(model(row), fields) for row in selection.rows(order, size, page * size)]
    filtered = call.settings.result_without_filter == "before-paging"
    pagination = {
        "MaxPageSizeAllowed": MAX_PAGE_SIZE,
        "PageSize": size,
        "Result": len(found),
        "ResultWithoutFilter": selection.count(filtered=filtered),
        "Page": page,
    }
    return answer({"Collection": found, "Pagination": pagination})
