"""Rules, states, the outbox and what carries it to people."""
