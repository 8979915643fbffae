"""The verbs of a tract as short methods, by what they are for; :class:`~tract_nb.Tract` has them all."""
