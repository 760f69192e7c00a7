"""The sockets and the HTTP endpoints that clients and operators reach this node by."""
