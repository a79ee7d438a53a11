"""One file a circuit: its parameter record, and the function from it to the circuit's parts."""
