"""The rules of watches, scans, incidents and the platforms' state: pure."""
