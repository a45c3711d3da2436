"""The PDFs of sales documents, reminders and statements."""

from __future__ import annotations

import sqlite3
import unicodedata

from fpdf import FPDF

from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.seed_data import Organization

# The fonts that every PDF reader includes cover Latin-1 only.
# Euro, dashes, quotes, ellipsis.
REPLACEMENTS = {
    "\u20ac": "EUR",
    "\u2013": "-",
    "\u2014": "-",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
}


NAMES = {
    "Invoice": ("Faktura", "Invoice"),
    "CreditNote": ("Kreditnota", "Credit note"),
    "TradeOffer": ("Tilbud", "Offer"),
}


def sales_pdf(organization: Organization, document: JsonObject, kind: str = "Invoice") -> bytes:
    """Draw an invoice, a credit note or a trade offer.

    :param organization: the sender
    :param document: the document as it is read
    :param kind: ``Invoice``, ``CreditNote`` or ``TradeOffer``
    """
    danish = document["Language"] == "da-DK"
    labels = ("Dato", "Forfaldsdato", "CVR") if danish else ("Date", "Due date", "VAT no.")
    dates = f"{labels[0]}: {document['Date']}"
    if due := document.get("PaymentDate"):
        dates += f"    {labels[1]}: {due}"
    amount = "TotalAmountInclVat" if document["ShowLinesInclVat"] else "TotalAmount"
    texts = [
        (organization.name, 16, "B"),
        (f"{labels[2]} {organization.vat_number}\n\n", 10, ""),
        (f"{document['ContactName']}\n{document['Address'] or ''}".strip() + "\n\n", 11, ""),
        (f"{NAMES[kind][not danish]} {document['Number']}", 14, "B"),
        (f"{dates}\n{document['Description']}\n\n", 10, ""),
        *((_line(item, amount), 10, "") for item in document["ProductLines"]),
        (" ", 10, ""),
        *(
            (f"{item['Label']}: {item['TotalAmount']:.2f}", 10, "B" if item["Type"] == "Total" else "")
            for item in document["TotalLines"]
        ),
        (document["Comment"] or "", 10, ""),
    ]
    return text_pdf(texts)


def reminder_pdf(organization: Organization, invoice: sqlite3.Row, reminder: JsonObject) -> bytes:
    """Draw a reminder.

    :param organization: the sender
    :param invoice: the row of its invoice
    :param reminder: the reminder as it is read
    """
    captioned = [name for name in reminder if name.endswith("Amount") and reminder[name]]
    texts = [
        (organization.name, 16, "B"),
        (f"{invoice['contact_name']}\n\n", 11, ""),
        (f"{reminder['Title']}", 14, "B"),
        (f"{reminder['Date']}\n{reminder['Description']}\n\n{invoice['description']} {invoice['number']}", 10, ""),
        *((f"{reminder[f'{name}Text']}: {reminder[name]:.2f}", 10, "") for name in captioned),
        (reminder["DebtCollectionNoticeText"] or "", 10, "B"),
    ]
    return text_pdf(texts)


def text_pdf(texts: list[tuple[str, int, str]]) -> bytes:
    """Draw a page of texts, one below the other.

    :param texts: each with its size and its style, ``B`` for bold
    """
    pdf = FPDF(format="A4")
    pdf.add_page()
    for text, size, style in texts:
        pdf.set_font("Helvetica", style, size)
        pdf.multi_cell(0, size * 0.6, latin(text), new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def _line(item: JsonObject, amount: str) -> str:
    if item["LineType"] == "Text":
        return str(item["Description"])
    return f"{item['Description']}: {item['Quantity']} {item['Unit']}    {item[amount]:.2f}"


def latin(text: str) -> str:
    """Convert text to Latin-1: other accents are dropped, and characters without an equivalent become ``?``."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(char if ord(char) < 256 else _likeness(char) for char in composed)


def _likeness(char: str) -> str:
    if char in REPLACEMENTS:
        return REPLACEMENTS[char]
    plain = unicodedata.normalize("NFKD", char).encode("latin-1", "ignore").decode("latin-1")
    if plain:
        return plain
    # A stroke isn't an accent: LATIN CAPITAL LETTER L WITH STROKE.
    words = unicodedata.name(char, "").split()
    if words[:1] == ["LATIN"] and "LETTER" in words[:3]:
        letter = words[words.index("LETTER") + 1]
        return letter if words[1] == "CAPITAL" else letter.lower()
    return "?"
