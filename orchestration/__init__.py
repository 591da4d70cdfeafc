"""Frontdesk: the warehouse of everything customers said to you."""
