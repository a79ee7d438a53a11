"""Numbers, arrays and matrices that come from outside, checked before use."""
