"""The files of a new project: their texts, what stands around them, and how they are written."""
