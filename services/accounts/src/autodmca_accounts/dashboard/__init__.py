"""The figures on a user's dashboard."""
