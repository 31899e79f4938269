"""Reading a picture back: its texts and its boxes; and hiding the programs that draw."""

import re
import sys
from itertools import combinations
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def texts(svg):
    """Return what each text element says, without the marks that end a lowered index."""
    found = ("".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text"))
    return [text.replace("\u200b", "") for text in found]


def boxes(svg):
    """Return (left, top, right, bottom) of the outline of every vertex that has one, by name."""
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        if group.get("class") != "node":
            continue
        name = group.findtext(f"{SVG}title")
        if (circle := group.find(f"{SVG}ellipse")) is not None:
            x, y, rx, ry = (float(circle.get(key)) for key in ("cx", "cy", "rx", "ry"))
            found[name] = (x - rx, y - ry, x + rx, y + ry)
            continue
        for outline, key in (("polygon", "points"), ("path", "d")):
            if (shape := group.find(f"{SVG}{outline}")) is not None:
                numbers = [float(number) for number in NUMBER.findall(shape.get(key))]
                xs, ys = numbers[::2], numbers[1::2]
                found[name] = (min(xs), min(ys), max(xs), max(ys))
    return found


def overlaps(svg):
    """Return the pairs of vertices that lie over each other; touching is allowed."""
    return [
        (one, other)
        for (one, a), (other, b) in combinations(boxes(svg).items(), 2)
        if min(a[2], b[2]) - max(a[0], b[0]) > 0.1 and min(a[3], b[3]) - max(a[1], b[1]) > 0.1
    ]


def hide_programs(monkeypatch, folder):
    """Let neither the PATH nor the environment of this Python offer a program to draw with."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(folder / "python"))


def write_program(folder, script, name="dot"):
    """Put an executable shell script into a folder and return its path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
