"""What a trained network is written as, one file a format."""
