"""The warm process that keeps the marts fresh by the minute."""
