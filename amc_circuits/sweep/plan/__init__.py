"""What a sweep asks for: its specification, its points, and which of them are still to be run."""
