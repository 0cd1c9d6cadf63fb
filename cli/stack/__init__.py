"""Everything on one machine: the processes of `clew up` and `clew demo`, started, watched and stopped in order."""
