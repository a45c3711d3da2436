"""One module per Dinero resource, each with a ``resource`` that :mod:`airflow_provider_dinero.sandbox.app` serves."""
