"""Texts from outside that Jinja, or Python after it, would change."""

from hypothesis import strategies as st

PIECES = [
    "{{ 1 + 1 }}",
    "{{ conn.dinero_default.password }}",
    "{{ undefined.name }}",
    "{% if 1 %}",
    "{%",
    "}}",
    "{{",
    "{# no #}",
    "\n",
    "\r\n",
    " ",
    "007",
    "[1]",
    "None",
    "Blåbærgrød",
]
texts = st.lists(st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"])), min_size=1).map("".join)
