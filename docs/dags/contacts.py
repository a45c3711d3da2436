"""The guide to contacts, as DAGs that run."""

# --8<-- [start:one]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator

with DAG("contact", schedule=None) as one:
    DineroUpsertContactOperator(
        task_id="contact",
        contact={
            "ExternalReference": "customer-17",
            "Name": "Ida Holm",
            "CountryKey": "DK",
            "IsPerson": True,
            "Email": "ida@example.dk",
            "Phone": "20304050",
        },
    )
# --8<-- [end:one]

# --8<-- [start:company]
with DAG("contact_by_vat_number", schedule=None) as company:
    DineroUpsertContactOperator(
        task_id="contact",
        match_by="VatNumber",
        contact={
            "Name": "Holm Cykler ApS",
            "CountryKey": "DK",
            "IsPerson": False,
            "VatNumber": "12345674",
            "Email": "post@example.dk",
            "PaymentConditionType": "Netto",
            "PaymentConditionNumberOfDays": 14,
        },
    )
# --8<-- [end:company]

# --8<-- [start:mapped]
CUSTOMERS = [(17, "Ida Holm", "ida@example.dk"), (18, "Bo Friis", "bo@example.dk")]

with DAG("contacts_of_a_shop", schedule=None, default_args={"retries": 2}) as mapped:
    DineroUpsertContactOperator.partial(task_id="contact", map_index_template="{{ task.contact['Name'] }}").expand(
        contact=[
            {
                "ExternalReference": f"customer-{number}",
                "Name": name,
                "CountryKey": "DK",
                "IsPerson": True,
                "Email": email,
            }
            for number, name, email in CUSTOMERS
        ]
    )
# --8<-- [end:mapped]
