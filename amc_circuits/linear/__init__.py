"""Linear circuit of a design: its equations, modes, poles, margins, noise, and its state at rest."""
