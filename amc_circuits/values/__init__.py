"""Numbers, arrays and matrices at the border, checked before they are believed."""
