"""What to do, as data: steps, their risks, the calls that carry them out. Pure."""
