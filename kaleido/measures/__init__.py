"""Measures: of maps, of samples, of where chains end, and what they are to be read beside."""
