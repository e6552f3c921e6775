"""Interchange: the one JSON form of sessions, claims and answers."""
