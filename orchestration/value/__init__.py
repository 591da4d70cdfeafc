"""What customers are worth: fits the numbers that the warehouse scores with."""
