"""Placement: from when to when buffers are needed, and where in the arena they go."""
