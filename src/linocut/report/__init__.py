"""Reports: what a training needs and does, as tables for people and objects for programs."""
