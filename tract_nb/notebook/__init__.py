"""The face in IPython and in a terminal: one command table, magics, frames, charts."""
