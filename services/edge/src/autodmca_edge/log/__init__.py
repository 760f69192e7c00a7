"""The event log as one node reads it: its partitions, its positions in them and their newest records."""
