"""How requests are sent, and how answers are read."""
