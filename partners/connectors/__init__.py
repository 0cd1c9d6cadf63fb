"""Partners that speak a form of their own: published documents map it to ours, without a line of Python."""
