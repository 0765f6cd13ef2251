"""The image that formats_golden.py and image_golden.py encode.

SPDX-License-Identifier: MIT
"""
import random

from PIL import Image, ImageDraw


def draw(width, height, seed=1):
    """Gradients, edges and a little noise, in strong colours."""
    noise = random.Random(seed)
    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            blue = (40 * x + 25 * y + noise.randrange(32)) % 256
            image.putpixel((x, y), (255 * x // width, 255 * y // height, blue))
    pen = ImageDraw.Draw(image)
    pen.ellipse((width // 8, height // 8, width // 2, height // 2), fill=(230, 30, 40))
    pen.rectangle((width // 2, height // 2, width - 4, height - 3), fill=(20, 60, 220))
    return image
