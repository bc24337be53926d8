"""What the project and the shell say: settings, environments, the target."""
