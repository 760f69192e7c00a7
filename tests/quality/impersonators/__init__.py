"""Labelled pairs of a watched person and an account, by which matching is fitted and judged."""
