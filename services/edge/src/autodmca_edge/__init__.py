"""The edge node: Kafka to WebSocket."""
