"""The state-space engine: the linear circuit of a design, solved exactly."""
