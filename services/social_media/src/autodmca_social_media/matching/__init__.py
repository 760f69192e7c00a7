"""Whether an account passes itself off as a watched person: pure, see README.md beside this file."""
