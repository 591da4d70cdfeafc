"""The wall: one page that shows the service floor, live, and says when it cannot."""
