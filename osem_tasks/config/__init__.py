"""Configuration from the project and the shell: settings, environments, the target."""
