"""What people write without this suite, each script on its own: `python FILE ENDPOINT REQUESTS`."""
