"""Running the points of a sweep: here, on a cluster, or one of them again."""
