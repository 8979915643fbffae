"""Verbs: one module each, functions over a workspace."""
