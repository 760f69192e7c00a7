"""What nodes and operators ask about connections, wherever these are."""
