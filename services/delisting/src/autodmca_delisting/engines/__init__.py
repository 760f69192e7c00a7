"""Search engines and Lumen, as this service speaks to them: one interface, an adapter a kind."""
