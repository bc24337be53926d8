"""Write declared tables in the languages of other tools."""
