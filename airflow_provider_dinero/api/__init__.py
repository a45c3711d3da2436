"""Dinero in plain Python: usable without Airflow. Nothing heavy is imported until a client is used."""

from airflow_provider_dinero.api import errors
from airflow_provider_dinero.api.auth import PersonalIntegration, VismaConnect
from airflow_provider_dinero.api.client import DineroClient
from airflow_provider_dinero.api.filters import contains, eq

__all__ = ["DineroClient", "PersonalIntegration", "VismaConnect", "contains", "eq", "errors"]
