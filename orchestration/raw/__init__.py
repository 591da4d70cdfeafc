"""What every way into raw shares: the list of sources, casting, tables."""
