"""Op-amp model files that are not trusted: read, checked, and written anew."""
