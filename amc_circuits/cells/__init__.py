"""A matrix as the conductances of cells: scaled, mapped, and changed by what real cells do."""
