"""Typed events: structs, envelope, topics and the schemas generated from them."""
