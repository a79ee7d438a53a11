"""`amc compare`: designs side by side."""
