"""The Invoke tasks: thin. They parse, call and hand back an outcome."""
