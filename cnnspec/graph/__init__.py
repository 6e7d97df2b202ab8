"""What a spec computes: blocks called, expressions evaluated, every value's shape known."""
