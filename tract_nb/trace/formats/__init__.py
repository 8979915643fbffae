"""One module per format: how its files are laid out and how its records become events."""
