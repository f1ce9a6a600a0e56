"""Where the reference folder lies that some tests and measurements read: beside the checkout, never in it."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
SATIE = SHARED / "scores" / "satie"
