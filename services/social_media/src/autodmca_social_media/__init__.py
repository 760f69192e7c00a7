"""The social media service: impersonators found, reported and followed to the end."""
