"""The PDF of a booked invoice."""

from __future__ import annotations

import unicodedata

from fpdf import FPDF

from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.known import Organization

# The fonts that every PDF reader brings along know latin-1 only.
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


def invoice_pdf(organization: Organization, invoice: JsonObject) -> bytes:
    """Draw an invoice.

    :param organization: who sends it
    :param invoice: the invoice as it is read
    """
    danish = invoice["Language"] == "da-DK"
    labels = ("Faktura", "Dato", "Forfaldsdato", "CVR") if danish else ("Invoice", "Date", "Due date", "VAT no.")
    pdf = FPDF(format="A4")
    pdf.add_page()

    def line(text: str, size: int = 10, style: str = "") -> None:
        pdf.set_font("Helvetica", style, size)
        pdf.multi_cell(0, size * 0.6, latin(text), new_x="LMARGIN", new_y="NEXT")

    line(organization.name, 16, "B")
    line(f"{labels[3]} {organization.vat_number}")
    pdf.ln(8)
    line(f"{invoice['ContactName']}\n{invoice['Address'] or ''}".strip(), 11)
    pdf.ln(8)
    line(f"{labels[0]} {invoice['Number']}", 14, "B")
    line(f"{labels[1]}: {invoice['Date']}    {labels[2]}: {invoice['PaymentDate']}")
    line(invoice["Description"])
    pdf.ln(4)
    amount = "TotalAmountInclVat" if invoice["ShowLinesInclVat"] else "TotalAmount"
    for item in invoice["ProductLines"]:
        if item["LineType"] == "Text":
            line(item["Description"])
        else:
            line(f"{item['Description']}: {item['Quantity']} {item['Unit']}    {item[amount]:.2f}")
    pdf.ln(4)
    for item in invoice["TotalLines"]:
        line(f"{item['Label']}: {item['TotalAmount']:.2f}", style="B" if item["Type"] == "Total" else "")
    if invoice["Comment"]:
        pdf.ln(4)
        line(invoice["Comment"])
    return bytes(pdf.output())


def latin(text: str) -> str:
    """The text in latin-1: accents that are not in it are dropped, what has no likeness becomes ``?``."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(char if ord(char) < 256 else _likeness(char) for char in composed)


def _likeness(char: str) -> str:
    if char in REPLACEMENTS:
        return REPLACEMENTS[char]
    plain = unicodedata.normalize("NFKD", char).encode("latin-1", "ignore").decode("latin-1")
    if plain:
        return plain
    # A stroke is no accent: LATIN CAPITAL LETTER L WITH STROKE.
    words = unicodedata.name(char, "").split()
    if words[:1] == ["LATIN"] and "LETTER" in words[:3]:
        letter = words[words.index("LETTER") + 1]
        return letter if words[1] == "CAPITAL" else letter.lower()
    return "?"
