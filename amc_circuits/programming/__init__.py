"""Writing cells: pulses, write-verify, and the conductances that are left."""
