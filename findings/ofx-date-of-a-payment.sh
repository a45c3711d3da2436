#!/usr/bin/env bash
# A bank's OFX statement has a payment of 1 January, written as OFX 2 allows: <DTPOSTED>20260101000000.000[+1:CET].
# ofxparse 0.21 says 2025-12-31 23:00, without a zone: the payment is in last year's books, and in another VAT period.
#
# Guess: a date without a zone is the bank's own. ofxparse takes the offset off and drops the zone, while <DTPOSTED>20260101
# stays as it is, so nothing in its result tells which of the two a date is. ofxtools 1.1.1 has the same instant as UTC and
# says so: `.astimezone(ZoneInfo("Europe/Copenhagen"))` gives 1 January. But it takes a bare 20260101 for UTC too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3.11 -m venv venv
venv/bin/python -m pip install --quiet uv 2> /dev/null
venv/bin/uv pip install --quiet --python venv/bin/python ofxparse==0.21 ofxtools==1.1.1 tzdata==2026.1
cat > statement.ofx << 'OFX'
<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>
<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>
<DTSERVER>20260102120000.000[+1:CET]</DTSERVER><LANGUAGE>DAN</LANGUAGE></SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS><TRNUID>1</TRNUID><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>
<STMTRS><CURDEF>DKK</CURDEF>
<BANKACCTFROM><BANKID>0000</BANKID><ACCTID>0000000000</ACCTID><ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260101000000.000[+1:CET]</DTSTART><DTEND>20260131000000.000[+1:CET]</DTEND>
<STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20260101000000.000[+1:CET]</DTPOSTED><TRNAMT>1250.00</TRNAMT>
<FITID>1</FITID></STMTTRN>
<STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20260101</DTPOSTED><TRNAMT>1250.00</TRNAMT><FITID>2</FITID></STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>2500.00</BALAMT><DTASOF>20260131000000.000[+1:CET]</DTASOF></LEDGERBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
OFX
cat > read.py << 'PYTHON'
from zoneinfo import ZoneInfo

from ofxparse import OfxParser
from ofxtools.Parser import OFXTree

with open("statement.ofx", "rb") as file:
    for payment in OfxParser.parse(file).account.statement.transactions:
        print("ofxparse:", payment.date)
tree = OFXTree()
tree.parse("statement.ofx")
for payment in tree.convert().statements[0].transactions:
    print("ofxtools:", payment.dtposted, "in Copenhagen:", payment.dtposted.astimezone(ZoneInfo("Europe/Copenhagen")))
PYTHON
found=$(venv/bin/python -W ignore read.py)
echo "20260101000000.000[+1:CET] and 20260101 are read as"
echo "$found"
wanted="ofxparse: 2025-12-31 23:00:00
ofxparse: 2026-01-01 00:00:00
ofxtools: 2025-12-31 23:00:00+00:00 in Copenhagen: 2026-01-01 00:00:00+01:00
ofxtools: 2026-01-01 00:00:00+00:00 in Copenhagen: 2026-01-01 01:00:00+01:00"
[ "$found" = "$wanted" ] || { echo "That has changed: it was"; echo "$wanted"; exit 1; }
