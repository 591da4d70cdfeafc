"""Lands events of online channels into raw, exactly once in effect."""
