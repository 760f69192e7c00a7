"""The WebSocket wire format (RFC 6455, RFC 7692) and the bytes that wait for one socket, without I/O."""
