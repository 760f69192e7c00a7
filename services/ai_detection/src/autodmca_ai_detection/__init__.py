"""Finds copies of a creator's pictures, whatever was done to them."""
