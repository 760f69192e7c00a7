"""The model that tells copies by what was measured of two pictures, and how it learns. Pure."""
