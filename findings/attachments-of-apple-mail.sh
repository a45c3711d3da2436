#!/usr/bin/env bash
# A receipt in a mail, in eight valid forms: does `EmailMessage.iter_attachments()` of Python 3.11 find the PDF?
# Not in the form that Apple's Mail writes (multipart/alternative, with the text and a multipart/mixed of HTML and PDF),
# nor if the mail is the PDF, nor if it is with the HTML's pictures. Asking each part `is_attachment()` misses others:
# PDFs that are "inline" and those without a Content-Disposition.
#
# Guess: the way that Python's documentation shows finds what a mail program shows as an attachment. It says that only
# direct parts are looked at, and what that leaves out is a receipt that is not in the books, without an error.
# imap-tools 1.16.0 and mail-parser 4.8.0 find all that have a name, and lose the one that has none. In Node,
# postal-mime 4.0.0 and mailparser 3.14.2 find that one as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3.11 -m venv venv
venv/bin/python -m pip install --quiet uv 2> /dev/null
venv/bin/uv pip install --quiet --python venv/bin/python imap-tools==1.16.0 mail-parser==4.8.0
npm install --silent --no-audit --no-fund postal-mime@4.0.0 mailparser@3.14.2 > /dev/null
cat > find.py << 'PYTHON'
import email
import email.policy
import logging
import pathlib
from email.mime.application import MIMEApplication
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import imap_tools
import mailparser

logging.disable()


def pdf(disposition="attachment", name="receipt.pdf"):
    named = {"name": name} if name else {}
    part = MIMEApplication(b"%PDF-1.7", "pdf", **named)
    if disposition:
        part.add_header("Content-Disposition", disposition, **({"filename": name} if name else {}))
    return part


def parts(kind, *inside):
    whole = MIMEMultipart(kind)
    for part in inside:
        whole.attach(part)
    return whole


def text(kind="plain"):
    return MIMEText("Thank you", kind, "utf-8")


forwarded = parts("mixed", text(), pdf())
forwarded["Subject"] = "Receipt"
forms = {
    "plain": parts("mixed", text(), pdf()),
    "inline": parts("mixed", text(), pdf("inline")),
    "Apple": parts("alternative", text(), parts("mixed", text("html"), pdf("inline"), text("html"))),
    "with the pictures": parts("mixed", parts("alternative", text(), parts("related", text("html"), pdf("inline")))),
    "the PDF alone": pdf(),
    "forwarded": parts("mixed", text(), MIMEMessage(forwarded)),
    "no disposition": parts("mixed", text(), pdf(None)),
    "no name": parts("mixed", text(), pdf(None, None)),
}
for number, (form, whole) in enumerate(forms.items()):
    whole["Subject"] = whole["Subject"] or "Your receipt"
    pathlib.Path(f"{number}.eml").write_bytes(whole.as_bytes())
    mail = email.message_from_bytes(whole.as_bytes(), policy=email.policy.default)
    found = {
        "iter_attachments": (part.get_content_type() for part in mail.iter_attachments()),
        "is_attachment": (part.get_content_type() for part in mail.walk() if part.is_attachment()),
        "imap-tools": (part.content_type for part in imap_tools.MailMessage.from_bytes(whole.as_bytes()).attachments),
        "mail-parser": (part["mail_content_type"] for part in mailparser.parse_from_bytes(whole.as_bytes()).attachments),
    }
    lost = [how for how, types in found.items() if "application/pdf" not in types]
    print(f"{form}: {', '.join(lost) or '-'}")
PYTHON
cat > find.mjs << 'NODE'
import { readFileSync } from "node:fs";
import { simpleParser } from "mailparser";
import PostalMime from "postal-mime";
for (const number of [0, 1, 2, 3, 4, 5, 6, 7]) {
  const raw = readFileSync(`${number}.eml`);
  const types = (found) => found.attachments.map((part) => part.mimeType ?? part.contentType);
  const lost = [];
  if (!types(await PostalMime.parse(raw)).includes("application/pdf")) lost.push("postal-mime");
  if (!types(await simpleParser(raw)).includes("application/pdf")) lost.push("mailparser");
  if (lost.length) console.log(`Node, form ${number}: ${lost}`);
}
NODE
found=$(venv/bin/python -W ignore find.py; node find.mjs)
echo "The form of the mail, and who doesn't find the PDF in it:"
echo "$found"
wanted="plain: -
inline: is_attachment
Apple: iter_attachments, is_attachment
with the pictures: iter_attachments, is_attachment
the PDF alone: iter_attachments
forwarded: iter_attachments
no disposition: is_attachment
no name: is_attachment, imap-tools, mail-parser
Node, form 5: mailparser"
[ "$found" = "$wanted" ] || { echo "That has changed: it was"; echo "$wanted"; exit 1; }
