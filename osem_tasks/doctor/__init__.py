"""Checks of everything that the main job needs; they change nothing."""
