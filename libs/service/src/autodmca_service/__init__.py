"""What every domain service is made of, but for its domain. The rooms are imported by name."""
