"""Text that looks like a template stays text: with a real scheduler, and checked in Dinero afterwards."""

from random import Random

from airflow_provider_dinero.api import DineroClient
from tests.deployment import Deployment
from tests.texts import PIECES


def test_texts_of_a_shop_arrive_letter_for_letter(deployment: Deployment, client: DineroClient) -> None:
    random = Random(15)
    texts = [f"{number} {''.join(random.choices(PIECES, k=4))} ." for number in range(5)]  # none ends in a blank
    ended = deployment.run("texts", texts=texts)
    assert {each["state"] for each in ended.values()} == {"success"}
    for index, text in enumerate(texts):
        told = {name: deployment.returned(ended[name, index]) for name in ("product", "contact", "invoice")}
        product = client.products.get(told["product"]["ProductGuid"])
        contact = client.contacts.get(told["contact"]["ContactGuid"])
        invoice = client.invoices.get(told["invoice"]["Guid"])
        (line,) = invoice["ProductLines"]
        assert {product["Name"], contact["Name"], invoice["Comment"], invoice["ExternalReference"]} == {text}
        assert {line["Description"], line["Comments"]} == {text}
        assert {product["ExternalReference"], contact["ExternalReference"]} == {" ".join(text.split())}
