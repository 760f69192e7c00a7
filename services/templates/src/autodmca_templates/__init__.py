"""Takedown templates: validation, workflow, rendering."""
