"""From options to a programmed circuit, and from its answer to a record."""
