"""What a picture of a tract needs, as plain frozen values; no notebook, no widget."""
