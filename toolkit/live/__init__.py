"""Live classification: the newest frame of a source, classified, shown, recorded and logged."""
