"""Items: to files, from files, and from table to table."""
