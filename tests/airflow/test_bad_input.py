"""What is wrong fails the task at once, with one message that says what to do, and leaves nothing half-done."""

import pytest

from airflow_provider_dinero.api import DineroClient, eq
from tests.deployment import Deployment

# What the log says. All but `unreachable` must fail on their first try, for all their retries.
TOLD = {
    "bad_wrong_secret": "Check client id and client secret of the connection",
    "bad_no_pro": "The organization needs a Dinero Pro subscription",
    "bad_other_organization": "Check organization_id: the credentials may be for another one",
    "bad_missing_field": "CountryKey is missing",
    "bad_misspelt_property": "ProductLines[0].BaseAmuontValue is unknown to Dinero, did you mean BaseAmountValue?",
    "bad_unknown_contact": "invalidContactId",
    "bad_unknown_account": "Use a number from the organization's chart of accounts",
    "bad_false_pdf": "false.pdf is not what its name says",
    "bad_no_file": "There is no file /nowhere/receipt.pdf",
    "bad_unknown_invoice": "Check the Guid and the organization_id",
    "bad_no_guid": "'not a guid' is not an id",
    "bad_no_instant": "'yesterday' is not an ISO 8601 instant",
    "bad_no_resource": "'vouchers' has no changes that can be followed",
    "bad_no_api_key": "no api_key",
    "bad_dead_refresh_token": "Run `airflow dinero authorize dinero_dead_refresh_token`",
    "bad_empty_key": "The idempotency_key is empty",
    "bad_own_guid": "Leave it out: it is made from the idempotency_key",
    "bad_text_for_dict": "A template renders text",
    "bad_no_guid_in_dict": "The invoice has no Guid",
    "bad_no_number": "number: 'one' is not a whole number",
    "bad_empty_organization": "No organization is given",
    "bad_no_connection": "There is no connection nowhere",
    "bad_shadowed": "can't be kept: something shadows it. Remove AIRFLOW_VAR_DINERO_TOKEN__",
    "bad_read_only": "This connection is read-only",
    "bad_stale_timestamp": "Read the document again and decide with its new Timestamp",
    "bad_conflict": "ProductLines[0].Quantity: Dinero has '1', you gave '2'",
    "bad_unreachable": "Check the host and port of the connection",
    "plain_wrong_secret": "Check client id and client secret of the connection",
    "plain_no_pro": "The organization needs a Dinero Pro subscription",
    "plain_misspelt_property": "Nmae is unknown to Dinero, did you mean Name?",
    "plain_unknown_contact": "Check the Guid and the organization_id",
    "plain_false_pdf": "plain.pdf is not what its name says",
    "plain_no_connection_organization": "Set organization_id in the connection",
}
TRIES = {"bad_unreachable": 2}


@pytest.fixture(scope="module")
def runs(deployment: Deployment) -> dict[str, str]:
    """All DAGs, started at once: run ids by DAG."""
    return {dag_id: deployment.airflow.trigger(dag_id) for dag_id in TOLD}


@pytest.mark.parametrize("dag_id", TOLD)
def test_it_fails_at_once_and_says_what_to_do(deployment: Deployment, runs: dict[str, str], dag_id: str) -> None:
    failed = deployment.ended(dag_id, runs[dag_id])["it", -1]
    assert failed["state"] == "failed"
    assert failed["try_number"] == TRIES.get(dag_id, 1)
    log = deployment.log(failed)
    assert TOLD[dag_id].replace('"', '\\"') in log
    for secret in ("sandbox-secret", "sandbox-api-key", "sandbox-refresh-token"):
        assert secret not in log


def test_nothing_is_left_half_done(deployment: Deployment, runs: dict[str, str], client: DineroClient) -> None:
    for dag_id, run_id in runs.items():
        deployment.ended(dag_id, run_id)
    assert list(client.contacts.list(filters=eq("ExternalReference", "bad-input"))) == []
    assert not {"false.pdf", "plain.pdf"} & {each["Name"] for each in client.files.list()}
    # What these DAGs made on purpose: the draft of `bad_stale_timestamp`, and the first one of `bad_conflict`.
    mine = [each for each in client.invoices.list() if each["ContactName"] in {None, "Bad Input"}]
    assert [each["Status"] for each in mine] == ["Draft", "Draft"]
    assert {each["MailOutStatus"] for each in mine} == {"NotSent"}
