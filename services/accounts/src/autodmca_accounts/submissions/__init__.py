"""Submissions: takedown notices from a template to the decision of each engine."""
