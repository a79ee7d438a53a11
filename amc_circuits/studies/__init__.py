"""Studies of many random circuits, and the processes that run them."""
