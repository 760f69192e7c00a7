"""Requests to search engines to delist URLs, and the watch over what becomes of them."""
