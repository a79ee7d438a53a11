"""Untrusted op-amp model files: read, checked, and written again."""
