"""Sources to raw: declarations, readers and the landing itself."""
