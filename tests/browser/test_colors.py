"""The accents of the quadrants are told apart by everybody, in light and in dark."""

from __future__ import annotations

import itertools
import re

import numpy as np
import numpy.typing as npt
import pytest

from affetto.service.pages import FOLDER

Array = npt.NDArray[np.float64]

# Machado, Oliveira and Fernandes (2009), at full severity, for linear light.
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopes": np.array([
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]),
    "deuteranopes": np.array([
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]),
    "tritanopes": np.array([
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ]),
}  # fmt: skip
TO_CONES = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
TO_OKLAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip
LEAST = 0.06  # in Oklab; 0.02 is just noticeable


def tokens(scheme: str) -> dict[str, str]:
    light, dark = FOLDER.joinpath("theme.css").read_text(encoding="utf-8").split("@media")
    found = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else found | dict(re.findall(r"--(\w+): (#\w{6});", dark))


def linear(color: str) -> Array:
    parts = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def oklab(light: Array) -> Array:
    lab: Array = TO_OKLAB @ np.cbrt(TO_CONES @ np.clip(light, 0, 1))
    return lab


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("who", SEEN_BY)
def test_accents_are_told_apart(who: str, scheme: str) -> None:
    found = tokens(scheme)
    seen = {name: oklab(SEEN_BY[who] @ linear(found[name])) for name in ("q1", "q2", "q3", "q4")}
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > LEAST, (one, other)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_read_on_every_ground(scheme: str) -> None:
    found = tokens(scheme)
    for text, ground in itertools.product(("ink", "faint"), ("paper", "card", "sunk")):
        assert contrast(found[text], found[ground]) >= 4.5, (text, ground)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_stand_out_from_their_card(scheme: str) -> None:
    found = tokens(scheme)
    for name in ("q2", "q3", "q4", "valence", "arousal", "focus"):
        assert contrast(found[name], found["card"]) >= 3, name
