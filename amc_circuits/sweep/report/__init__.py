"""`amc report`: a sweep as one HTML file that needs no network: figures, a table, waveforms, failures, provenance."""
