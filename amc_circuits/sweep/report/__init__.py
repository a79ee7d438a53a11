"""`amc report`: a sweep as one HTML file that needs no network: plots, a table, waveforms, failures, provenance."""
