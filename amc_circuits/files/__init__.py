"""Files that users hand in, looked at before they are believed, and the folders that commands fill."""
