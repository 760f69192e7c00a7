"""Configuration, logging, health, shutdown and token verification."""
