"""What is known of machines: a device is data."""
