"""How context is made: canonical bytes, hashes, tokens, order, compile, provider formats."""
