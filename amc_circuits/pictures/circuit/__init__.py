"""Block diagrams of circuits, drawn from their parts."""
