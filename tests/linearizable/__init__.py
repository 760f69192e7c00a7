"""Whether reads and writes through any replica are as if one after the other had been done at one place."""
