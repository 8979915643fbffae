"""Summaries: what a model tells of a trace. This room knows both; they know nothing of each other."""
