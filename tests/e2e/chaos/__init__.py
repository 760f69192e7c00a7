"""A thousand clients, three edges and a broker, of which one thing after the other breaks: `make chaos`."""
