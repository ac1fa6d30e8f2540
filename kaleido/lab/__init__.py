"""The laboratory: how a claim is settled, knowing no claim. A chapter is a value that it is handed."""
