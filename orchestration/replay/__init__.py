"""Plays the last days of a sample world as live traffic."""
