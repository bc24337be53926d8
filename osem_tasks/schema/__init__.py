"""Pure data and rules: tables, their checks and their differences. No I/O."""
