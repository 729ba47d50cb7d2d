"""How colours look: to an eye that sees all of them, in grey, and to eyes that lack one kind of cones."""

from collections.abc import Sequence

# Machado, Oliveira, Fernandes: A Physiologically-based Model for Simulation of Color Vision Deficiency. IEEE TVCG 15
# (2009), table 1, severity 1.0; for linear RGB.
SIMULATED = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
# IEC 61966-2-1: linear sRGB to CIE XYZ, and its white.
TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
WHITE = (0.9505, 1.0, 1.089)
Linear = tuple[float, float, float]


def linear(colour: str) -> Linear:
    """Of '#rrggbb'."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return red, green, blue


def _times(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> Linear:
    one, two, three = (sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix)
    return one, two, three


def simulate(colour: Linear, deficiency: str) -> Linear:
    one, two, three = (min(1.0, max(0.0, value)) for value in _times(SIMULATED[deficiency], colour))
    return one, two, three


def contrast(one: Linear, two: Linear) -> float:
    """WCAG 2.2's contrast ratio, 1 to 21."""
    low, high = sorted(_times(TO_XYZ, colour)[1] for colour in (one, two))
    return (high + 0.05) / (low + 0.05)


def difference(one: Linear, two: Linear) -> float:
    """CIE 1976 colour difference; about 2 is just noticeable side by side."""

    def lab(colour: Linear) -> Linear:
        x, y, z = (
            t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29
            for t in (value / white for value, white in zip(_times(TO_XYZ, colour), WHITE, strict=True))
        )
        return 116 * y - 16, 500 * (x - y), 200 * (y - z)

    return float(sum((a - b) ** 2 for a, b in zip(lab(one), lab(two), strict=True)) ** 0.5)
