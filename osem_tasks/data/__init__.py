"""Items: how they are masked, transformed, copied, and kept in files."""
