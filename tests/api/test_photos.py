"""Photos of receipts: upright, small enough, and in a PDF."""

import io

import pillow_heif
import pytest
from PIL import Image
from pypdf import PdfReader

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.http.photos import pdf_of
from airflow_provider_dinero.api.http.uploads import LARGEST

ORIENTATION = 0x0112
RED, BLUE = (220, 20, 20), (20, 20, 220)


def upright(wide: bool = False) -> Image.Image:
    """A picture whose upper half is red, and lower half blue."""
    picture = Image.new("RGB", (300, 200) if wide else (200, 300), BLUE)
    picture.paste(RED, (0, 0, picture.width, picture.height // 2))
    return picture


# The image when the camera is turned, and the orientation that it records.
SEEN = {
    1: upright(),
    3: upright().transpose(Image.Transpose.ROTATE_180),
    6: upright().transpose(Image.Transpose.ROTATE_90),
    8: upright().transpose(Image.Transpose.ROTATE_270),
    2: upright().transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    5: upright().transpose(Image.Transpose.TRANSPOSE),
}


def shown(pdf: bytes) -> Image.Image:
    """What a reader shows of a PDF of one picture."""
    (page,) = PdfReader(io.BytesIO(pdf)).pages
    (image,) = page.images
    assert image.image
    return image.image.convert("RGB").rotate(-page.rotation, expand=True)


@pytest.mark.parametrize("orientation", SEEN)
@pytest.mark.parametrize("kind", ["JPEG", "HEIF", "TIFF"])
def test_a_photo_is_upright(kind: str, orientation: int) -> None:
    pillow_heif.register_heif_opener()
    exif, photo = Image.Exif(), io.BytesIO()
    exif[ORIENTATION] = orientation
    SEEN[orientation].save(photo, kind, exif=exif.tobytes())
    picture = shown(pdf_of(photo.getvalue()))
    assert picture.height > picture.width
    for place, color in ((0.25, RED), (0.75, BLUE)):
        found = picture.getpixel((picture.width // 2, int(picture.height * place)))
        assert isinstance(found, tuple)
        assert all(abs(one - other) < 40 for one, other in zip(found, color, strict=True)), (place, found)


def test_a_photo_is_made_small_enough() -> None:
    photo = io.BytesIO()
    Image.effect_noise((4000, 3000), 200).convert("RGB").save(photo, "JPEG", quality=95)
    assert len(photo.getvalue()) > LARGEST
    assert len(pdf_of(photo.getvalue())) <= LARGEST


@pytest.mark.parametrize("mode", ["RGBA", "P", "CMYK", "1", "I;16"])
def test_other_colors_are_taken_too(mode: str) -> None:
    photo = io.BytesIO()
    Image.new(mode, (60, 90)).save(photo, "TIFF" if mode in {"CMYK", "I;16"} else "PNG")
    assert pdf_of(photo.getvalue()).startswith(b"%PDF-")


@pytest.mark.parametrize("content", [b"", b"no picture", b"%PDF-1.4", b"\xff\xd8\xff" + b"x" * 99])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(DineroInvalidBody, match="This picture can't be read"):
        pdf_of(content)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    picture = io.BytesIO()
    Image.new("1", (9000, 8000)).save(picture, "PNG")
    with pytest.raises(DineroInvalidBody, match="it has 9000 by 8000 pixels"):
        pdf_of(picture.getvalue())
