"""The neighbours, over real HTTP: a recording receiver stands in for Clew."""
