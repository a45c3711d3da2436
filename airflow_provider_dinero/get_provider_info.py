"""What Airflow reads from this provider. It runs at every `import airflow`: a dict literal, and no import."""


def get_provider_info():  # type: ignore[no-untyped-def]  # an annotation would need an import
    """Return the provider's metadata."""
    return {
        "package-name": "airflow-provider-dinero",
        "name": "Dinero",
        "description": "Bookkeeping with Dinero, the Danish accounting system: each step exactly once.",
        "integrations": [
            {
                "integration-name": "Dinero",
                "external-doc-url": "https://api.dinero.dk/docs",
                "tags": ["service"],
            },
            {"integration-name": "Object storage", "external-doc-url": "https://filesystem-spec.readthedocs.io"},
            {"integration-name": "SQL", "external-doc-url": "https://www.sqlalchemy.org"},
        ],
        "hooks": [
            {"integration-name": "Dinero", "python-modules": ["airflow_provider_dinero.hooks.dinero"]},
        ],
        "operators": [
            {
                "integration-name": "Dinero",
                "python-modules": [
                    "airflow_provider_dinero.operators.batches",
                    "airflow_provider_dinero.operators.call",
                    "airflow_provider_dinero.operators.commit_changes",
                    "airflow_provider_dinero.operators.contacts",
                    "airflow_provider_dinero.operators.credit_notes",
                    "airflow_provider_dinero.operators.downloads",
                    "airflow_provider_dinero.operators.files",
                    "airflow_provider_dinero.operators.invoice_lifecycle",
                    "airflow_provider_dinero.operators.invoices",
                    "airflow_provider_dinero.operators.ledger",
                    "airflow_provider_dinero.operators.manual_vouchers",
                    "airflow_provider_dinero.operators.payments",
                    "airflow_provider_dinero.operators.products",
                    "airflow_provider_dinero.operators.purchase_credit_notes",
                    "airflow_provider_dinero.operators.purchases",
                    "airflow_provider_dinero.operators.reminders",
                    "airflow_provider_dinero.operators.trade_offers",
                ],
            }
        ],
        "sensors": [
            {
                "integration-name": "Dinero",
                "python-modules": [
                    "airflow_provider_dinero.sensors.changes",
                    "airflow_provider_dinero.sensors.states",
                ],
            },
        ],
        "triggers": [
            {
                "integration-name": "Dinero",
                "python-modules": [
                    "airflow_provider_dinero.triggers.changes",
                    "airflow_provider_dinero.triggers.states",
                ],
            },
        ],
        "transfers": [
            {
                "source-integration-name": "Dinero",
                "target-integration-name": "Object storage",
                "python-module": "airflow_provider_dinero.transfers.object_storage",
            },
            {
                "source-integration-name": "Dinero",
                "target-integration-name": "Object storage",
                "python-module": "airflow_provider_dinero.transfers.archive",
            },
            {
                "source-integration-name": "Dinero",
                "target-integration-name": "SQL",
                "python-module": "airflow_provider_dinero.transfers.sql",
            },
        ],
        "cli": ["airflow_provider_dinero.cli.get_dinero_cli_commands"],
        "extra-links": ["airflow_provider_dinero.links.DineroLink"],
        "asset-uris": [{"schemes": ["dinero"], "handler": "airflow_provider_dinero.assets.sanitize_uri"}],
        "connection-types": [
            {
                "connection-type": "dinero",
                "hook-name": "Dinero",
                "hook-class-name": "airflow_provider_dinero.hooks.dinero.DineroHook",
                "ui-field-behaviour": {
                    # The port stays: the Test button of Airflow 3.3.1 and 3.3.2 fails when it is empty.
                    "hidden-fields": ["schema", "extra"],
                    "relabeling": {
                        "login": "Client ID",
                        "password": "Client secret",
                        "host": "API address",
                    },
                    "placeholders": {
                        "host": "leave empty; enter the address of a sandbox here",
                        "login": "Dinero: Integrationer, API keys; with Visma Connect isv_…",
                        "password": "from the same place as the client ID",
                        "port": "443, for the Test button of Airflow 3.3.1 and 3.3.2",
                    },
                },
                "conn-fields": {
                    "grant": {
                        "label": "Grant",
                        "description": "An API key for your own company, or Visma Connect for all companies of a user.",
                        "schema": {
                            "type": "string",
                            "section": "Dinero",
                            "enum": ["personal_integration", "visma_connect"],
                            "values_display": {
                                "personal_integration": "Personal integration (API key)",
                                "visma_connect": "Visma Connect (consent of a user)",
                            },
                            "default": "personal_integration",
                        },
                    },
                    "organization_id": {
                        "label": "Organization",
                        "description": "The number at the bottom left of Dinero, also in its address (firma-id).",
                        "schema": {"type": ["string", "null"], "section": "Dinero"},
                    },
                    "api_key": {
                        "label": "API key",
                        "description": "Personal integration only: in Dinero under Integrationer, API keys.",
                        "schema": {"type": ["string", "null"], "format": "password", "section": "Dinero"},
                    },
                    "refresh_token": {
                        "label": "Refresh token",
                        "description": (
                            "Visma Connect only. Leave it empty: after saving, a user consents under Admin → Dinero. "
                            "One that you paste is used instead."
                        ),
                        "schema": {"type": ["string", "null"], "format": "password", "section": "Dinero"},
                    },
                    "auth_url": {
                        "label": "Authorization address",
                        "description": "Empty for Dinero's own. Enter the address of a sandbox here.",
                        "schema": {"type": ["string", "null"], "section": "Advanced"},
                    },
                    "requests_per_minute": {
                        "label": "Requests a minute",
                        "description": "Empty for Dinero's limit: 100, or 60 for a personal integration.",
                        "schema": {"type": ["integer", "null"], "minimum": 1, "section": "Advanced"},
                    },
                    "timeout": {
                        "label": "Timeout (seconds)",
                        "description": "How long to wait for a response. Empty for 60.",
                        "schema": {"type": ["number", "null"], "minimum": 1, "section": "Advanced"},
                    },
                    "read_only": {
                        "label": "Read-only",
                        "description": "Refuse every write before it is sent.",
                        "schema": {"type": ["boolean", "null"], "default": False, "section": "Advanced"},
                    },
                    "coordination_url": {
                        "label": "Coordination",
                        "description": (
                            "Several hosts only: where workers share locks and allowance, such as redis://host:6379/1. "
                            "With a password, set it in [dinero] coordination_url of airflow.cfg instead."
                        ),
                        "schema": {"type": ["string", "null"], "format": "password", "section": "Advanced"},
                    },
                    "allowed_organizations": {
                        "label": "Allowed organizations",
                        "description": "Numbers separated by commas. Empty allows all that the credentials reach.",
                        "schema": {"type": ["string", "null"], "section": "Advanced"},
                    },
                },
            }
        ],
        "config": {
            "dinero": {
                "description": "How workers share the authorization and the request allowance of Dinero.",
                "options": {
                    "coordination_url": {
                        "description": (
                            "Where all workers share locks and the request allowance: a Redis server "
                            "(redis://host:6379/0, extra redis) for several hosts, or a folder (file:///a/folder). "
                            "Empty for the folder "
                            "dinero in AIRFLOW_HOME, which is right for one host. A connection's own field takes "
                            "precedence."
                        ),
                        "version_added": "0.1.0",
                        "type": "string",
                        "sensitive": True,
                        "example": "redis://redis:6379/1",
                        "default": "",
                    },
                    "redirect_uri": {
                        "description": (
                            "Where `airflow dinero authorize` listens for the response of Visma Connect. It must be "
                            "registered there, exactly like this."
                        ),
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "http://localhost:8766/callback",
                        "default": "http://localhost:8766/callback",
                    },
                    "allowed_hosts": {
                        "description": (
                            "Hosts that connections may name in their API address and authorization address, separated "
                            "by commas, each with its port unless that is 443. Empty allows any host. Dinero's own "
                            "hosts need no entry if these fields are empty."
                        ),
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "api.dinero.dk, 127.0.0.1:8765",
                        "default": "",
                    },
                    "token_requests_count": {
                        "description": (
                            "Whether requests for a token use the request allowance too. Dinero doesn't say; True is "
                            "the safe choice."
                        ),
                        "version_added": "0.1.0",
                        "type": "boolean",
                        "example": "False",
                        "default": "True",
                    },
                },
            }
        },
    }
