"""The seconds path: what triggers keep of contacts, looked at and mended from here."""
