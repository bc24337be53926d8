"""Read declared tables from files and modules, and export them."""
