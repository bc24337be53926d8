"""Deadlines, waits, retries, interrupts and parallel calls."""
