"""Between files and tables: what a project declares, and what it exports."""
