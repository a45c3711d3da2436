"""Grants, tokens and consent."""
