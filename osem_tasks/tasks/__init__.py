"""The Invoke tasks: thin functions that parse options, call the package and return an outcome."""
