"""The proof: runs what the backends wrote on the same weights and inputs, and compares."""
