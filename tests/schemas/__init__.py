"""What is said: read, refused, written back."""
