"""The demo's pictures: drawn scenes with a caption, and a scanned certificate, as JPEG with a date in EXIF."""

import io
import math
import random
from datetime import datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING

from portfolio.demo.materials import Material
from portfolio.demo.placeholders import Day

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw as Pen
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 1600, 1200
_QUALITY = 80
_HORIZON = 640
_BANNER = 132
_EXIF_FOLDER, _EXIF_TAKEN, _EXIF_CAMERA = 0x8769, 0x9003, 0x0110
_FLAG_RED, _FLAG_GOLD = (222, 41, 16), (255, 222, 0)
_STAR_WAIST = 0.382
Colour = tuple[int, int, int]


def jpeg(material: Material, school_name: str) -> bytes:
    """The material as a JPEG of 1600 × 1200 points; the same bytes every time."""
    chance = random.Random(f"{school_name}/{material.key}")
    picture = (
        _certificate(material) if material.scene == "certificate" else _scene(material, school_name, chance)
    )
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=_QUALITY, optimize=True, exif=_exif(material, chance))
    return written.getvalue()


def _exif(material: Material, chance: random.Random) -> bytes:
    """Camera and moment, as a phone would write them; no place."""
    from PIL import Image

    exif = Image.Exif()
    exif[_EXIF_CAMERA] = "Demo Phone"
    taken = datetime.combine(material.dated_on, time(10, chance.randrange(60), chance.randrange(60)))
    exif.get_ifd(_EXIF_FOLDER)[_EXIF_TAKEN] = taken.strftime("%Y:%m:%d %H:%M:%S")
    return exif.tobytes()


def _scene(material: Material, school_name: str, chance: random.Random) -> "Picture":
    from PIL import ImageDraw, ImageFilter

    drawers = {"courtyard": _courtyard, "corridor": _corridor, "field": _field, "garden": _garden}
    picture = _sky(chance)
    drawers[material.scene or "courtyard"](ImageDraw.Draw(picture), chance)
    picture = picture.filter(ImageFilter.GaussianBlur(1.2))
    _caption(picture, material, school_name)
    return picture


def _sky(chance: random.Random) -> "Picture":
    """A background that fades from blue to a pale horizon."""
    from PIL import Image, ImageChops

    tint = chance.randrange(-14, 15)
    top = Image.new("RGB", (WIDTH, HEIGHT), (112 + tint, 166 + tint // 2, 214))
    low = Image.new("RGB", (WIDTH, HEIGHT), (238, 240, 232))
    fade = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    return Image.composite(low, top, ImageChops.add(fade, fade, 1.3))


def _courtyard(pen: "Pen", chance: random.Random) -> None:
    """A teaching block, a flag on its pole and rows of pupils."""
    _building(pen, 140, 230, 1460, _HORIZON)
    pen.rectangle((0, _HORIZON, WIDTH, HEIGHT), fill=(188, 184, 172))
    _trees(pen, chance, range(30, WIDTH, 1480), _HORIZON + 30)
    pen.rectangle((793, 90, 803, 760), fill=(205, 208, 212))
    _flag(pen, 803, 96, 9)
    pen.polygon([(690, 790), (910, 790), (950, 830), (650, 830)], fill=(160, 155, 145))
    for row in range(4):
        _people(pen, chance, range(90 + row * 12, WIDTH - 80, 74 + row * 6), 800 + row * 74, 0.8 + row * 0.16)


def _flag(pen: "Pen", left: int, upper: int, unit: int) -> None:
    """The national flag by its construction sheet: 30 × 20 units, one large star and four that point to it."""
    pen.rectangle((left, upper, left + 30 * unit, upper + 20 * unit), fill=_FLAG_RED)
    for across, down, size in ((5, 5, 3), (10, 2, 1), (12, 4, 1), (12, 7, 1), (10, 9, 1)):
        turn = math.atan2(5 - down, 5 - across) if size == 1 else -math.pi / 2
        _star(pen, left + across * unit, upper + down * unit, size * unit, _FLAG_GOLD, turn)


def _star(pen: "Pen", x: float, y: float, radius: float, fill: Colour, turn: float = -math.pi / 2) -> None:
    """A five-pointed star; `turn` is the direction of its first point in radians."""
    corners = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * _STAR_WAIST
        angle = turn + corner * math.pi / 5
        corners.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    pen.polygon(corners, fill=fill)


def _corridor(pen: "Pen", chance: random.Random) -> None:
    """Pupils' pictures on a long wall, with plants before it."""
    pen.rectangle((0, 110, WIDTH, 820), fill=(241, 234, 218))
    pen.rectangle((0, 110, WIDTH, 150), fill=(146, 60, 46))
    pen.rectangle((0, 760, WIDTH, 820), fill=(176, 150, 118))
    pen.rectangle((0, 820, WIDTH, HEIGHT), fill=(198, 192, 182))
    for column in range(6):
        for row in range(2):
            left, upper = 70 + column * 252, 200 + row * 270
            pen.rectangle((left, upper, left + 204, upper + 230), fill=(120, 84, 58))
            pen.rectangle((left + 12, upper + 12, left + 192, upper + 218), fill=_pale(chance))
            _artwork(pen, chance, left + 12, upper + 12)
    _people(pen, chance, range(260, 1400, 310), 800, 1.9)
    for left in range(20, WIDTH, 390):
        pen.rectangle((left, 880, left + 90, 960), fill=(150, 92, 62))
        for _ in range(26):
            x, y, size = (
                left + chance.randrange(-10, 100),
                820 + chance.randrange(70),
                chance.randrange(14, 30),
            )
            pen.ellipse((x - size, y - size, x + size, y + size), fill=_green(chance))


def _artwork(pen: "Pen", chance: random.Random, left: int, upper: int) -> None:
    """A child's picture of 180 × 206 points: hills, a sun, a house or trees."""
    sun = chance.randrange(30, 150)
    pen.ellipse((left + sun - 18, upper + 18, left + sun + 18, upper + 54), fill=(238, 120, 60))
    for _ in range(3):
        x = left + chance.randrange(10, 110)
        pen.polygon(
            [(x - 6, upper + 205), (x + 32, upper + chance.randrange(80, 140)), (x + 66, upper + 205)],
            fill=_green(chance),
        )
    house = left + chance.randrange(20, 110)
    pen.rectangle((house, upper + 150, house + 46, upper + 205), fill=(198, 92, 70))
    pen.polygon(
        [(house - 8, upper + 150), (house + 23, upper + 122), (house + 54, upper + 150)], fill=(90, 70, 66)
    )


def _field(pen: "Pen", chance: random.Random) -> None:
    """A running track round a lawn, classes standing in lines."""
    _building(pen, 60, 330, 900, 600)
    _trees(pen, chance, range(950, WIDTH, 96), 610)
    pen.rectangle((0, 600, WIDTH, HEIGHT), fill=(176, 74, 58))
    for lane in range(5):
        pen.arc(
            (-300 - lane * 60, 640 + lane * 26, WIDTH + 300 + lane * 60, 1900), 180, 360, (236, 222, 214), 4
        )
    pen.ellipse((-160, 800, WIDTH + 160, 1900), fill=(92, 142, 78))
    for column in range(9):
        for row in range(4):
            _people(pen, chance, [160 + column * 160 + row * 6], 690 + row * 92, 0.8 + row * 0.18)


def _garden(pen: "Pen", chance: random.Random) -> None:
    """Furrows with plants, and pupils at work between them."""
    _trees(pen, chance, range(40, WIDTH, 132), _HORIZON - 20)
    pen.rectangle((0, _HORIZON - 40, WIDTH, _HORIZON), fill=(196, 188, 164))
    pen.rectangle((0, _HORIZON, WIDTH, HEIGHT), fill=(134, 98, 68))
    for furrow in range(6):
        upper = _HORIZON + 24 + furrow * 84
        pen.rectangle((0, upper + 26, WIDTH, upper + 50), fill=(108, 76, 52))
        for x in range(20, WIDTH, 58 + furrow * 6):
            size = 13 + furrow * 4
            for _ in range(4):
                leaf_x, leaf_y = x + chance.randrange(-size, size), upper + chance.randrange(-size, size // 2)
                pen.ellipse(
                    (leaf_x - size, leaf_y - size // 2, leaf_x + size, leaf_y + size // 2),
                    fill=_green(chance),
                )
    _people(pen, chance, range(230, 1500, 265), _HORIZON + 190, 1.5)


def _building(pen: "Pen", left: int, upper: int, right: int, lower: int) -> None:
    """A teaching block of four storeys."""
    pen.rectangle((left, upper, right, lower), fill=(222, 206, 184))
    pen.rectangle((left - 14, upper - 26, right + 14, upper), fill=(152, 66, 52))
    storey = (lower - upper) // 4
    for floor in range(4):
        level = upper + floor * storey
        pen.rectangle((left, level + storey - 12, right, level + storey - 4), fill=(186, 168, 146))
        for x in range(left + 26, right - 60, 88):
            pen.rectangle((x, level + 20, x + 58, level + storey - 26), fill=(120, 152, 172))
            pen.line((x + 29, level + 20, x + 29, level + storey - 26), fill=(238, 238, 234), width=4)


def _trees(pen: "Pen", chance: random.Random, places: range, ground: int) -> None:
    for x in places:
        pen.rectangle((x + 22, ground - 120, x + 36, ground), fill=(110, 84, 62))
        for _ in range(22):
            leaf_x, leaf_y = x + 29 + chance.randrange(-62, 62), ground - 170 + chance.randrange(-80, 70)
            size = chance.randrange(20, 40)
            pen.ellipse((leaf_x - size, leaf_y - size, leaf_x + size, leaf_y + size), fill=_green(chance))


def _people(pen: "Pen", chance: random.Random, places: "range | list[int]", head: int, scale: float) -> None:
    """Pupils seen from behind, in the school's blue and white."""
    for place in places:
        x, y = place + chance.randrange(-8, 9), head + chance.randrange(-6, 7)
        wide, tall = int(15 * scale), int(62 * scale)
        pen.rounded_rectangle((x - wide, y + wide, x + wide, y + tall), wide // 2, fill=(46, 92, 156))
        pen.rectangle((x - wide, y + wide + tall // 4, x + wide, y + wide + tall // 3), fill=(244, 246, 248))
        pen.rectangle((x - wide + 3, y + tall, x + wide - 3, y + tall + int(38 * scale)), fill=(38, 46, 70))
        pen.ellipse((x - wide + 2, y - wide, x + wide - 2, y + wide), fill=(48, 40, 38))


def _caption(picture: "Picture", material: Material, school_name: str) -> None:
    """A dark band with the caption, the school's name and the date."""
    from PIL import ImageDraw

    dated_on = material.dated_on
    pen = ImageDraw.Draw(picture, "RGBA")
    pen.rectangle((0, HEIGHT - _BANNER, WIDTH, HEIGHT), fill=(20, 28, 38, 205))
    pen.text((44, HEIGHT - _BANNER + 18), material.pages[0].heading, font=_font(44), fill="white")
    day = f"{Day(dated_on.year, dated_on.month, dated_on.day)}"
    pen.text((44, HEIGHT - _BANNER + 80), f"{school_name}　{day}", font=_font(28), fill=(214, 220, 226))


def _certificate(material: Material) -> "Picture":
    """A framed sheet of paper, slightly askew on a desk, with a red seal."""
    from PIL import Image, ImageDraw

    paper = Image.new("RGB", (1360, 960), (252, 248, 236))
    pen = ImageDraw.Draw(paper)
    for inset, width in ((28, 10), (48, 3)):
        pen.rectangle((inset, inset, 1360 - inset, 960 - inset), outline=(176, 132, 62), width=width)
    page = material.pages[0]
    pen.text((680, 170), page.heading, font=_font(76), fill=(150, 36, 30), anchor="mm")
    for line, text in enumerate(page.paragraphs):
        pen.text((200, 300 + line * 92), text, font=_font(42), fill=(44, 40, 36))
    pen.text((1200, 836), "（演示用样张）", font=_font(32), fill=(110, 104, 96), anchor="rm")
    pen.ellipse((960, 590, 1180, 810), outline=(198, 40, 34), width=8)
    _star(pen, 1070, 700, 52, (198, 40, 34))
    desk = Image.new("RGB", (WIDTH, HEIGHT), (122, 104, 88))
    askew = paper.rotate(1.1, Image.Resampling.BICUBIC, expand=True, fillcolor=(122, 104, 88))
    desk.paste(askew, ((WIDTH - askew.width) // 2, (HEIGHT - askew.height) // 2))
    return desk


def _green(chance: random.Random) -> Colour:
    return (chance.randrange(48, 110), chance.randrange(112, 160), chance.randrange(50, 86))


def _pale(chance: random.Random) -> Colour:
    return (chance.randrange(205, 250), chance.randrange(215, 245), chance.randrange(205, 245))


@lru_cache(maxsize=8)
def _font(size: int) -> "FreeTypeFont":
    import pylopdf_fonts_zh_cn
    from PIL import ImageFont

    return ImageFont.truetype(str(pylopdf_fonts_zh_cn.sans_path()), size)
