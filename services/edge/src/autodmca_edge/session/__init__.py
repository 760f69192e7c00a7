"""One client's conversation with this node, from the handshake to the last byte."""
