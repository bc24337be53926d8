"""Time: deadlines, waiting and retries, interrupts, work side by side."""
