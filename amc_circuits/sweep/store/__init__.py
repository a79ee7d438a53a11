"""What a sweep keeps: rows in a database, its folder, evidence of failures."""
