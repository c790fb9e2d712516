"""Its place makes pytest find the modules beside it, such as small_training, from every folder of tests."""
