"""Faults that are planted in networks of the zoo, one at a time, to see whether they are found."""
