"""The only room that knows litellm: what models cost, and later how they are called."""
