"""Make the briefing's fonts: renamed subsets of free Chinese type families, and of the Latin letters that they hold.

    python build_fonts.py SOURCES [--output FOLDER]

SOURCES holds the unpacked source packages named in README.md. Needs fonttools and cffsubr, in the versions
given there. The same sources give the same bytes.
"""

import argparse
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cffsubr
from fontTools import subset
from fontTools.misc.psCharStrings import T2CharString
from fontTools.misc.transform import Offset, Transform
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
SPACES = "\u0020\u00a0\u3000"
ASCII = "".join(map(chr, range(0x20, 0x7F)))
LATIN = ASCII + "\u00a0–—‘’“”…·×−≤≥±‰" + "".join(map(chr, range(0xC0, 0x100)))
EM = 1000
HALF = EM // 2
ASCENT, DESCENT = 880, -120

OFL = ("SIL Open Font License, Version 1.1", "https://openfontlicense.org")
GPL = ("GNU GPL version 3 with the GPL font exception", "https://www.gnu.org/licenses/gpl-3.0.html")


@dataclass(frozen=True)
class Face:
    """One font file to make and the file it is made from."""

    file: str
    family: str
    weight: int
    source: str
    sha256: str
    licence: tuple[str, str]
    index: int = -1  # place in a collection: 2 is Simplified Chinese; 1, Korean, has quotation marks as wide as Latin's
    characters: str = ""  # where given: only these
    is_half_width: bool = False  # scaled so that digits are half an em wide


FACES = (
    Face(
        "BriefingFangSong-Regular.otf",
        "Briefing FangSong",
        400,
        "FandolFang-Regular.otf",
        "d838ad32ce2244d8144f408c37fe71065aba6fbbc80759a4d2aa2033948d5bc9",
        GPL,
    ),
    Face(
        "BriefingXiaoBiaoSong-Regular.otf",
        "Briefing XiaoBiaoSong",
        400,
        "NotoSerifCJK-Black.ttc",
        "6e157ad56a601db8a9f19032aadf56d6ceb20db7acc22223dfa70d313fba76bc",
        OFL,
        2,
    ),
    Face(
        "BriefingSong-Regular.otf",
        "Briefing Song",
        400,
        "NotoSerifCJK-Regular.ttc",
        "5d9c31a059600193c9d7968a998bde886ccdc77e934006ad243b41794c496a7d",
        OFL,
        2,
    ),
    Face(
        "BriefingNumerals-Regular.otf",
        "Briefing Numerals",
        400,
        "NotoSerifCJK-Regular.ttc",
        "5d9c31a059600193c9d7968a998bde886ccdc77e934006ad243b41794c496a7d",
        OFL,
        2,
        ASCII + "\u00a0–‰",
        True,
    ),
    Face(
        "BriefingHei-Regular.otf",
        "Briefing Hei",
        400,
        "NotoSansCJK-Regular.ttc",
        "b76b0433203017ca80401b2ee0dd69350349871c4b19d504c34dbdd80541690a",
        OFL,
        2,
    ),
    Face(
        "BriefingHei-Bold.otf",
        "Briefing Hei",
        700,
        "NotoSansCJK-Bold.ttc",
        "faa5f3656a78b2e2d450d27fe8382c778bc2b6bb5ea29c986664a6a435056ceb",
        OFL,
        2,
    ),
    Face(
        "BriefingKai-Regular.ttf",
        "Briefing Kai",
        400,
        "LXGWWenKai-Regular.ttf",
        "be1d5ee371b25f23ca613c3142d6293328db6253ef0b0c09857e9f30657514a8",
        OFL,
    ),
    Face(
        "BriefingSerif-Regular.otf",
        "Briefing Serif",
        400,
        "NotoSerifCJK-Regular.ttc",
        "5d9c31a059600193c9d7968a998bde886ccdc77e934006ad243b41794c496a7d",
        OFL,
        1,
        LATIN,
    ),
    Face(
        "BriefingSerif-Bold.otf",
        "Briefing Serif",
        700,
        "NotoSerifCJK-Bold.ttc",
        "1505ee3b9c0890fae6302ee0e9c6fd74d690f4a55a6ace1d9944f3f6352d622d",
        OFL,
        1,
        LATIN,
    ),
    Face(
        "BriefingSans-Regular.otf",
        "Briefing Sans",
        400,
        "NotoSansCJK-Regular.ttc",
        "b76b0433203017ca80401b2ee0dd69350349871c4b19d504c34dbdd80541690a",
        OFL,
        1,
        LATIN,
    ),
    Face(
        "BriefingSans-Bold.otf",
        "Briefing Sans",
        700,
        "NotoSansCJK-Bold.ttc",
        "faa5f3656a78b2e2d450d27fe8382c778bc2b6bb5ea29c986664a6a435056ceb",
        OFL,
        1,
        LATIN,
    ),
)


def sections(text: str) -> dict[str, str]:
    """Characters of each section of characters.txt, in order."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("## "):
            name = line[3:]
            found[name] = ""
        elif not line.startswith("# "):
            found[name] += line
    return found


def charset() -> set[int]:
    """Code points that every face must cover."""
    listed = sections((HERE / "characters.txt").read_text(encoding="utf-8"))
    return {ord(character) for character in SPACES + "".join(listed.values())}


def open_source(face: Face, sources: Path) -> TTFont:
    """Open the face's source font. Raises SystemExit where it is absent or not the file named in FACES."""
    path = next(iter(sorted(sources.rglob(face.source))), None)
    if path is None:
        raise SystemExit(f"{face.source} is nowhere under {sources}: unpack its package there (see README.md)")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != face.sha256:
        raise SystemExit(f"{path} has sha256 {digest}, expected {face.sha256}: take the version in README.md")
    return TTFont(path, fontNumber=face.index, recalcTimestamp=False)


def unicode_maps(font: TTFont) -> Iterator[dict[int, str]]:
    """The font's character maps, to read or to change."""
    for table in font["cmap"].tables:
        if table.isUnicode() and table.format != 14:
            yield table.cmap


def use_full_width(font: TTFont, characters: str) -> None:
    """Map characters to the glyphs that the font's own `fwid` feature puts in their place, if any."""
    if "GSUB" not in font:
        return
    table = font["GSUB"].table
    lookups = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "fwid"
        for index in record.Feature.LookupListIndex
    }
    wide: dict[str, str] = {}
    for index in sorted(lookups):
        for entry in table.LookupList.Lookup[index].SubTable:
            wide.update(getattr(entry, "ExtSubTable", entry).mapping)
    for cmap in unicode_maps(font):
        for character in characters:
            glyph = cmap[ord(character)]
            cmap[ord(character)] = wide.get(glyph, glyph)


def subset_to(font: TTFont, codes: set[int], features: tuple[str, ...]) -> None:
    """Drop what the briefing does not use: other characters, hints, vertical setting, substitutions."""
    options = subset.Options()
    options.hinting = False
    options.layout_features = list(features)
    options.drop_tables += ["BASE", "GDEF", "GSUB", "VORG", "gasp", "vhea", "vmtx"]
    if not features:
        options.drop_tables.append("GPOS")
    options.notdef_outline = True
    options.glyph_names = False
    options.name_IDs = ["*"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    font["cmap"].tables = [table for table in font["cmap"].tables if table.isUnicode() and table.format != 14]


def extent(font: TTFont, glyph: str) -> tuple[float, float]:
    """Left and right end of a glyph's outline in font units, both 0 for a blank."""
    pen = BoundsPen(font.getGlyphSet())
    font.getGlyphSet()[glyph].draw(pen)
    return (pen.bounds[0], pen.bounds[2]) if pen.bounds else (0, 0)


def redraw(font: TTFont, glyph: str, transform: Transform, width: int = EM) -> None:
    """Move or stretch a glyph and give it a width in font units."""
    glyphs = font.getGlyphSet()
    if "glyf" in font:
        pen = TTGlyphPen(None)
        glyphs[glyph].draw(TransformPen(pen, transform))
        moved = pen.glyph()
        moved.recalcBounds(font["glyf"])
        font["glyf"][glyph] = moved
        left = moved.xMin
    else:
        charstring = font["CFF "].cff.topDictIndex[0].CharStrings[glyph]
        private = charstring.private
        stated = None if width == private.defaultWidthX else width - private.nominalWidthX
        pen = T2CharStringPen(stated, glyphs)
        glyphs[glyph].draw(TransformPen(pen, transform))
        charstring.setProgram(pen.getCharString().program)
        left = round(extent(font, glyph)[0])
    font["hmtx"][glyph] = (width, left)


def set_full_width(font: TTFont) -> None:
    """Chinese quotation marks and middle dot stand in a full em; two em dashes meet.

    Official text is set on a grid of full ems (GB/T 9704-2012), and 破折号 is a line two ems long
    (GB/T 15834-2011).
    """
    cmap = font.getBestCmap()
    for characters, share in (("“‘", 1.0), ("”’", 0.0), ("·", 0.5)):
        for glyph in (cmap[ord(character)] for character in characters):
            spare = EM - font["hmtx"][glyph][0]
            if spare:
                redraw(font, glyph, Offset(round(spare * share), 0))
    dash = cmap[ord("—")]
    left, right = extent(font, dash)
    scale = EM / (right - left)
    redraw(font, dash, Transform(scale, 0, 0, 1, -left * scale, 0))


def set_half_width(font: TTFont) -> None:
    """Scale all glyphs until the widest digit is half an em, and give every digit that width.

    Two digits then take the room of one Chinese character, and figures in columns align.
    """
    cmap = font.getBestCmap()
    digits = {cmap[ord(digit)] for digit in "0123456789"}
    scale = HALF / max(font["hmtx"][glyph][0] for glyph in digits)
    for glyph in sorted(set(cmap.values())):
        natural = font["hmtx"][glyph][0] * scale
        width = HALF if glyph in digits else round(natural)
        redraw(font, glyph, Transform(scale, 0, 0, scale, (width - natural) / 2, 0), width)


def one_glyph_a_character(font: TTFont) -> None:
    """Copy glyphs that serve several characters, so that text taken from a PDF is the text put in."""
    order = list(font.getGlyphOrder())
    owner: dict[str, int] = {}
    for code, glyph in sorted(font.getBestCmap().items()):
        if owner.setdefault(glyph, code) == code or chr(code) in SPACES:
            continue
        copy = f"cid{65535 - len(order):05d}"
        order.append(copy)
        font["hmtx"][copy] = font["hmtx"][glyph]
        if "glyf" in font:
            font["glyf"].glyphs[copy] = font["glyf"].glyphs[glyph]
        else:
            top = font["CFF "].cff.topDictIndex[0]
            strings = top.CharStrings
            original = strings[glyph]
            original.decompile()
            twin = T2CharString(
                program=list(original.program), private=original.private, globalSubrs=original.globalSubrs
            )
            strings.charStringsIndex.append(twin)
            strings.charStrings[copy] = len(strings.charStringsIndex) - 1
            top.charset.append(copy)
            top.FDSelect.gidArray.append(top.FDSelect.gidArray[strings.charStrings[glyph]])
        for cmap in unicode_maps(font):
            if code in cmap:
                cmap[code] = copy
    font.setGlyphOrder(order)
    if "glyf" in font:
        font["glyf"].setGlyphOrder(order)


def rename(font: TTFont, face: Face) -> None:
    """Give the font the project's name, keep its copyright, and say what it was made from."""
    names = font["name"]
    style = "Bold" if face.weight == 700 else "Regular"
    postscript = f"{face.family.replace(' ', '')}-{style}"
    full = face.family if style == "Regular" else f"{face.family} {style}"
    kept = {key: names.getDebugName(key) for key in (0, 7)}
    version = names.getDebugName(5).split(";")[0].removeprefix("Version ")
    origin = f"Modified subset of {names.getDebugName(6)} {version}; see README.md beside the font file."
    text, url = face.licence
    new = {
        0: kept[0],
        1: face.family,
        2: style,
        3: f"{version};{postscript}",
        4: full,
        5: f"Version {version}",
        6: postscript,
        7: kept[7],
        10: origin,
        13: text,
        14: url,
    }
    names.names = []
    for key, value in new.items():
        if value:
            names.setName(value, key, 3, 1, 0x409)
    if "CFF " in font:
        cff = font["CFF "].cff
        cff.fontNames = [postscript]
        top = cff.topDictIndex[0]
        top.FullName, top.FamilyName, top.Weight = full, face.family, style
        for number, part in enumerate(top.FDArray):
            part.FontName = f"{postscript}-{number}"


def set_metrics(font: TTFont, face: Face) -> None:
    """Give all faces one ascent and descent, the em box, so that mixing them leaves the line grid alone."""
    font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap = ASCENT, DESCENT, 0
    os2 = font["OS/2"]
    os2.sTypoAscender, os2.sTypoDescender, os2.sTypoLineGap = ASCENT, DESCENT, 0
    os2.usWeightClass = face.weight
    os2.fsSelection = 0x20 if face.weight == 700 else 0x40
    font["head"].macStyle = 1 if face.weight == 700 else 0


def number_by_glyph(font: TTFont) -> None:
    """Make CID equal glyph id: WeasyPrint writes glyph ids as codes, strict viewers read them as CIDs."""
    top = font["CFF "].cff.topDictIndex[0]
    old = list(top.charset)
    new = [".notdef", *(f"cid{number:05d}" for number in range(1, len(old)))]
    strings = top.CharStrings
    strings.charStrings = {name: strings.charStrings[before] for before, name in zip(old, new, strict=True)}
    top.charset = new
    top.ROS = ("Adobe", "Identity", 0)
    top.CIDCount = len(new)
    font.setGlyphOrder(new)


def build(face: Face, sources: Path, codes: set[int]) -> tuple[bytes, set[int]]:
    """The bytes of one font file, and the code points that its source lacks."""
    font = open_source(face, sources)
    if face.characters:
        codes = {ord(character) for character in face.characters}
        lacking = codes - set(font.getBestCmap())
        subset_to(font, codes, () if face.is_half_width else ("kern",))
        if face.is_half_width:
            set_half_width(font)
        one_glyph_a_character(font)
    else:
        use_full_width(font, "—·")
        lacking = codes - set(font.getBestCmap())
        subset_to(font, codes, ("kern", "halt"))
        set_full_width(font)
        one_glyph_a_character(font)
    rename(font, face)
    set_metrics(font, face)
    made = io.BytesIO()
    font.save(made, reorderTables=False)
    if "CFF " not in font:
        return made.getvalue(), lacking
    # A fresh reading: tables that name glyphs must not be decoded before the glyphs are renumbered.
    font = TTFont(io.BytesIO(made.getvalue()), recalcTimestamp=False)
    cffsubr.subroutinize(font)
    number_by_glyph(font)
    packed = io.BytesIO()
    font.save(packed, reorderTables=False)
    return packed.getvalue(), lacking


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the briefing's fonts from their source packages.")
    parser.add_argument("sources", type=Path, help="folder with the unpacked source packages")
    parser.add_argument("--output", type=Path, default=HERE, help="where to write (default: beside this file)")
    arguments = parser.parse_args()
    codes = charset()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for face in FACES:
        data, lacking = build(face, arguments.sources, codes)
        (arguments.output / face.file).write_bytes(data)
        glyphs = TTFont(io.BytesIO(data))["maxp"].numGlyphs
        print(
            f"{face.file:34} {len(data):9,} bytes {glyphs:6,} glyphs  lacks {len(lacking):5,}"
            f"  sha256 {hashlib.sha256(data).hexdigest()}",
            flush=True,
        )
        if face.family == "Briefing FangSong":
            missing = "".join(map(chr, sorted(lacking)))
            lines = (missing[start : start + 50] for start in range(0, len(missing), 50))
            text = "\n".join(lines) + "\n"
            (arguments.output / "fangsong-missing.txt").write_text(text, encoding="utf-8")
        elif lacking:
            raise SystemExit(f"{face.source} lacks {''.join(map(chr, sorted(lacking)))}")


if __name__ == "__main__":
    main()
