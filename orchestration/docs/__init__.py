"""The manual of the marts: one page, made from what the project says of itself."""
