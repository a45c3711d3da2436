"""Convert phone photos of receipts to PDFs that are upright and small enough. This needs the extra `photos`."""

import io
from typing import TYPE_CHECKING

from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroInvalidBody
from airflow_provider_dinero.api.http.uploads import LARGEST

if TYPE_CHECKING:
    from PIL.Image import Image

# The longer side of a picture that is too large, or not a JPEG or PNG: it is re-encoded with each until it fits.
SIDES, QUALITY = (3000, 2200, 1500, 1000), 85
# Even a small file can decode to more pixels than this, and then takes gigabytes of memory.
MOST_PIXELS = 64_000_000
# The formats that img2pdf embeds unchanged, without loss.
AS_IT_IS = {"JPEG", "PNG"}
# The orientations that a PDF can express: rotated, but not mirrored.
TURNED = {1, 3, 6, 8}


def pdf_of(photo: bytes) -> bytes:
    """Return a photo as a one-page PDF of at most 6 MB, upright according to the orientation that the camera recorded.

    A JPEG or PNG is embedded unchanged, unless it is too large. HEIC, which iPhones use, and every other format that
    Pillow reads is converted to JPEG.

    :param photo: bytes, the content of the file: JPEG, PNG, HEIC, WebP, TIFF, ...
    :raises DineroInvalidBody: it isn't a picture, or is too large
    :raises DineroConfigurationError: the extra `photos` isn't installed
    """
    try:
        import img2pdf
        import pillow_heif
        from PIL import ExifTags, Image, ImageOps
    except ImportError:
        raise DineroConfigurationError(
            "Photos need packages that aren't installed.", "Install airflow-provider-dinero[photos] wherever tasks run."
        ) from None
    pillow_heif.register_heif_opener()
    try:
        with Image.open(io.BytesIO(photo)) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) in TURNED
            if image.format in AS_IT_IS and image.mode in {"RGB", "L"} and turned:
                made = bytes(img2pdf.convert(photo, rotation=img2pdf.Rotation.ifvalid))
                if len(made) <= LARGEST:
                    return made
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"it has {image.width} by {image.height} pixels; at most 64 million are allowed")
            upright = ImageOps.exif_transpose(image)
            for side in SIDES:
                made = bytes(img2pdf.convert(_jpeg(upright, side)))
                if len(made) <= LARGEST:
                    return made
    except Exception as error:  # ruff: ignore[blind-except] - img2pdf raises it bare
        raise DineroInvalidBody(f"This picture can't be read: {error}.", "Nothing was sent.") from None
    raise DineroInvalidBody("This picture is larger than 6 MB, even after reducing it.", "Nothing was sent.")


def _jpeg(image: "Image", side: int) -> bytes:
    """Return a picture as a JPEG with at most `side` pixels along its longer side; transparent areas become white."""
    from PIL import Image

    small = image.convert("RGBA")
    small.thumbnail((side, side))
    white = Image.new("RGB", small.size, "white")
    white.paste(small, mask=small.getchannel("A"))
    found = io.BytesIO()
    white.save(found, "JPEG", quality=QUALITY)
    return found.getvalue()
