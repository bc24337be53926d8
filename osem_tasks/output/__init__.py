"""Write results as text, JSON and the formats of CI systems."""
