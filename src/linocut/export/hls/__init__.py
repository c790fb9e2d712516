"""The format hls: a recurrent network in 16 bits as C++ for high-level synthesis, of the vendor's integer types."""
