"""The parity ladder: from image file to answer, stage by stage, beside an independent way of doing the same."""
