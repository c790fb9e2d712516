"""Reports: what was planned and measured, as pictures and as tables."""
