"""Second-order training against first order and digital rivals, every method tuned with the same budget."""
