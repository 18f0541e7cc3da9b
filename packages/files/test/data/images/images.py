"""Makes small PNG and JPEG files, with the pixels that Pillow decodes. Run with Pillow 12.3.0: python images.py"""

import base64
import io
import json
import pathlib
import random
import struct
import zlib

from PIL import Image


HERE = pathlib.Path(__file__).parent
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_row(samples, depth):
    if depth == 16:
        return b"".join(struct.pack(">H", s) for s in samples)
    bits = "".join(format(s, f"0{depth}b") for s in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def filtered(rows, bpp, kind):
    """Rows with a filter, a different one each where kind is None."""
    result = b""
    previous = bytes(len(rows[0])) if rows else b""
    for y, row in enumerate(rows):
        f = y % 5 if kind is None else kind
        line = bytearray()
        for i, x in enumerate(row):
            a = row[i - bpp] if i >= bpp else 0
            b = previous[i]
            c = previous[i - bpp] if i >= bpp else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line.append((x - [0, a, b, (a + b) // 2, paeth][f]) % 256)
        result += bytes([f]) + bytes(line)
        previous = row
    return result


def png(width, height, depth, color, samples, interlaced=False, palette=None, transparency=None, pieces=1):
    channels = CHANNELS[color]
    bpp = max(1, channels * depth // 8)
    at = lambda x, y: samples[(y * width + x) * channels : (y * width + x + 1) * channels]
    data = b""
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        xs = range(x0, width, dx)
        rows = [packed_row([s for x in xs for s in at(x, y)], depth) for y in range(y0, height, dy)] if xs else []
        data += filtered(rows, bpp, None)
    packed = zlib.compress(data)
    step = -(-len(packed) // pieces)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"tEXt", b"Comment\0none")
    if palette:
        file += chunk(b"PLTE", bytes(palette))
    if transparency:
        file += chunk(b"tRNS", bytes(transparency))
    for i in range(0, len(packed), step):
        file += chunk(b"IDAT", packed[i : i + step])
    return file + chunk(b"IEND", b"")


def entry(file, **more):
    return {"file": base64.b64encode(file).decode(), **more}


def rgba(file):
    image = Image.open(io.BytesIO(file)).convert("RGBA")
    return {"width": image.width, "height": image.height, "rgba": list(image.tobytes())}


def pngs():
    random.seed(1)
    stored = {}
    for color, depths in {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}.items():
        for depth in depths:
            for interlaced in [False, True]:
                width, height = (11, 9)
                colors = min(2**depth, 40)
                most = colors if color == 3 else 2**depth
                samples = [random.randrange(most) for _ in range(width * height * CHANNELS[color])]
                palette = [random.randrange(256) for _ in range(3 * colors)] if color == 3 else None
                file = png(width, height, depth, color, samples, interlaced, palette, pieces=3)
                name = f"color type {color}, {depth} bits{', interlaced' if interlaced else ''}"
                # Pillow reduces 16 bits to 8 or clips them: the samples themselves are what counts.
                stored[name] = entry(file, width=width, height=height, samples=samples) if depth == 16 else entry(file, **rgba(file))
    for width, height in [(1, 1), (3, 2), (2, 9)]:
        file = png(width, height, 1, 0, [i % 2 for i in range(width * height)], True)
        stored[f"interlaced, {width} x {height}"] = entry(file, **rgba(file))
    few = png(4, 2, 2, 3, [0, 1, 2, 3, 3, 2, 1, 0], palette=range(12), transparency=[0, 128])
    stored["a palette with alpha"] = entry(few, **rgba(few))
    grey = png(4, 1, 4, 0, [0, 5, 15, 5], transparency=[0, 5])
    stored["a transparent grey"] = entry(grey, width=4, height=1, rgba=[0, 0, 0, 255, 85, 85, 85, 0, 255, 255, 255, 255, 85, 85, 85, 0])
    color = png(2, 1, 8, 2, [1, 2, 3, 4, 5, 6], transparency=[0, 4, 0, 5, 0, 6])
    stored["a transparent color"] = entry(color, **rgba(color))
    return stored


def jpegs():
    stored = {}
    width, height = 37, 22
    smooth = Image.new("RGB", (width, height))
    smooth.putdata([(x * 255 // width, y * 255 // height, 255 - (x + y) * 255 // (width + height)) for y in range(height) for x in range(width)])
    kinds = {
        "444": {"subsampling": 0, "quality": 95},
        "422": {"subsampling": 1, "quality": 95},
        "420": {"subsampling": 2, "quality": 90},
        "progressive": {"subsampling": 0, "quality": 95, "progressive": True},
        "progressive 420": {"subsampling": 2, "quality": 90, "progressive": True},
        "restart markers": {"subsampling": 0, "quality": 95, "restart_marker_blocks": 3},
        "grey": {"quality": 95},
    }
    for name, options in kinds.items():
        buffer = io.BytesIO()
        image = smooth.convert("L") if name == "grey" else smooth
        image.save(buffer, "JPEG", **options)
        stored[name] = entry(buffer.getvalue(), **rgba(buffer.getvalue()))
    return stored


def store(name, value):
    (HERE / name).write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()) + "\n}\n")


store("png.json", pngs())
store("jpeg.json", jpegs())
for file in sorted(HERE.glob("ours-*.png")):
    image = Image.open(file)
    pixels = list(image.tobytes("raw", image.mode))
    store(file.name.replace(".png", ".json"), {"mode": image.mode, "size": list(image.size), "bytes": pixels})
