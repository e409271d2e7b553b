"""The figures of the README: what measures them, how they are read from it, and where they are written."""
