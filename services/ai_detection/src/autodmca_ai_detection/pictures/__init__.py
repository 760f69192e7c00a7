"""Fingerprints of pictures, and whether one picture is a copy of another. Pure: no network, no state."""
