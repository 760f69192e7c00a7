"""The `autodmca` command."""

from autodmca_client.cli.app import main

__all__ = ["main"]
