"""Pictures of results: waveforms, arrays, budgets, poles, trials."""
