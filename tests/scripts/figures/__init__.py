"""The figures of bench/FIGURES.md: what measures them, how they are read from it, and where they are written."""
