"""The exact engine: the linear circuit of a design, solved exactly."""
