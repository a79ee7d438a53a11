"""Solutions of many bits from circuits of few: refinement with exact residuals, a programmed circuit as inverse."""
