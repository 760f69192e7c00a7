"""Python SDK and command line for the real-time API."""
