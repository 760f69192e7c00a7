"""The platforms outside, each behind one adapter: see `interface.Platform`."""
