"""Where things live: the only room that knows SQL."""
