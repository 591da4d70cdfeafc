"""What people ask of identity and tell it: explain, decide, adopt, erase."""
