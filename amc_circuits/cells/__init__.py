"""A matrix as conductances of cells: scaling, mapping, and the errors of real cells."""
