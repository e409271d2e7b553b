"""Many images: found, decoded, classified batch by batch, each with its own row whatever happens to it."""
