"""The commands, one a module, each with the click command `command`."""
