"""Fingerprints of videos, and which part of one is shown in another. Pure: no network, no state."""
