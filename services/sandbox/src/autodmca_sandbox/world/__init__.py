"""The outside world's HTTP server: what every part of it shares, faults and the book of what came."""
