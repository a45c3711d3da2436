"""Airflow provider for Dinero, the Danish accounting system."""

__version__ = "0.1.0"
