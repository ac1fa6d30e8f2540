"""Tools that know nothing of the subject: checks of arguments, files, random streams, code paths."""
