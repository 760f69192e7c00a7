"""Fingerprints of texts, and which passages of one stand in another. Pure: no network, no state."""
