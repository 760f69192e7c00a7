"""Events to a user's own endpoints, signed as Standard Webhooks has it."""
