"""Migrations: one module for each schema, which makes it of the one before. CONTRIBUTING.md says how."""
