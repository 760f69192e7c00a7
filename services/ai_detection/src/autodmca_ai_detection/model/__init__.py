"""The rules: what is remembered of references, detections and batches, and what follows. Pure."""
