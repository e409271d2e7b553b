"""A bench run drawn: table, Markdown, CSV, JSON and a page; and read back from its JSON."""
