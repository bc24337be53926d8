"""Plans as data: actions, their risks and their API calls. Pure."""
