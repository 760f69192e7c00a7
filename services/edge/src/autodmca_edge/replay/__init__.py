"""Events that a subscription missed, read again and joined to the live ones."""
