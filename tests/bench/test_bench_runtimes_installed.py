"""LiteRT, OpenVINO and NNCF themselves, where they are installed."""

from __future__ import annotations
