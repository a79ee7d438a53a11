"""Many linear circuits of one shape, read at once from their exact responses."""
