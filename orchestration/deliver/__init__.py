"""Exports to the outside: alerts, the wall, feeds."""
