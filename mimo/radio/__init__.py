"""Radio: channels, constellations, exact bit error rates, and the bit error rate of a linear map."""
