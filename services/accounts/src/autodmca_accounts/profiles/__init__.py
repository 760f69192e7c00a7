"""A user's protected profiles, their activity feed, and the summary of scans over platforms."""
