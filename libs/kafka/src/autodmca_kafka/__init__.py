"""Typed producer, tail reader, processor and table over Kafka."""
