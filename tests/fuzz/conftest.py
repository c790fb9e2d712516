"""Its place makes pytest find the modules beside it."""
