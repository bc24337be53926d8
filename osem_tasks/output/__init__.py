"""From results to text, JSON and the formats of CI."""
