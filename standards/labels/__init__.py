"""Labels: what stands where on one, and that drawn as SVG, PDF and ZPL."""
