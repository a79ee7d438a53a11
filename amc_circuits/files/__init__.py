"""Users' files, checked before use, and the folders that commands fill."""
