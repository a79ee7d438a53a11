"""Pictures of circuits and results: waveforms, arrays, budgets, poles, trials."""
