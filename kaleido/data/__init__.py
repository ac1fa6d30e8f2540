"""Data sets, and the noise and other unseen inputs that are drawn for them."""
