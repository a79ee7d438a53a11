"""`amc size`: its request, and the answers for one and for two parameters."""
