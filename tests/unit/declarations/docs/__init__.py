"""The declared tables as documents for people."""
