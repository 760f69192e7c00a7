"""Events over plain HTTP, for clients that cannot have a WebSocket: long poll and Server-Sent Events."""
