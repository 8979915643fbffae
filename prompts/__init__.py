"""The prompts: data, one markdown file each. README.md says what a prompt file is."""
