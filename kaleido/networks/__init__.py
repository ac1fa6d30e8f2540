"""Networks: maps from (B, D) to (B, D), and their initial weights."""
