"""From a network to a Program: lowering, lifetimes, the arena, the binary form."""
