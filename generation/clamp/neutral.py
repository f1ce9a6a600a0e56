"""Captions of any music, against which the fit to one scene is measured."""

NEUTRAL = (
    "piano music",
    "a short piece for piano",
    "film music for solo piano",
    "a slow piece in a minor key",
    "a slow piece in a major key",
    "a lively piece in a minor key",
    "a lively piece in a major key",
    "a quiet, gentle piece",
    "a loud, dense piece",
    "a sad, lonely piece",
    "a joyful, bright piece",
    "a bitter, broken piece",
    "a hopeful, tender piece",
    "a rising, striving piece",
    "a calm waltz",
    "a sparse chorale",
)
"""Written for this project: moods, tempi and modes in balance, so that they favour no scene."""
