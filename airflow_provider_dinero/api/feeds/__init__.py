"""Feeds: the resources whose changes can be followed."""
