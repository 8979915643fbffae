"""The only room that knows litellm: calls, settings, prompts, replay, and what models cost."""
