"""The pure core: tables as values, their rules, the difference, the plan. No I/O."""
