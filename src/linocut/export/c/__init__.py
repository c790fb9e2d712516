"""The format c: a network as C99 without a library, which is C++ too."""
