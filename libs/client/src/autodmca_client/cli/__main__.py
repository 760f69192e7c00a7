"""`python -m autodmca_client.cli`, the same as `autodmca`."""

from autodmca_client.cli.app import main

main(prog_name="autodmca")
