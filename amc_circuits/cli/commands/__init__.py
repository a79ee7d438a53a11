"""Work of each command; imported only when it runs."""
