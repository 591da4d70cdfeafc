"""What happens in seconds: streams into raw, and the process that refreshes."""
