"""The one name of how scores are drawn and sounded."""

# Part of the key of every rendering. Raise the first number with every change that can be seen or heard:
# velocities, samples, room, loudness target, page widths. The rest names what comes from outside; a test holds
# it to what is installed.
RENDERER = "2/verovio-6.4.1/piano-velocity8-1.0.5"
