"""The embedded server, and connections to whichever server is in use."""
