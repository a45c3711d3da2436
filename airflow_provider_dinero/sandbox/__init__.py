"""A local Dinero to develop and test against.

It is written from the public documents alone and shares nothing with the client but ``openapi.json``, so that a
mistake in the client can't hide in the simulator. Start it with ``dinero-sandbox serve``, or in a test with
:func:`airflow_provider_dinero.sandbox.server.running`.
"""
