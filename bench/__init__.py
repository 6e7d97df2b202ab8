"""How fast generated models run beside what others wrote by hand: `make bench`."""
