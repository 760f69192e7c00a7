"""The way to an edge without a WebSocket: `GET /events`, by event streams, else by long polls."""
