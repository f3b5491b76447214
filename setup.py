"""Makes the long description, which pyproject.toml cannot say; all else stands there."""

import re
from pathlib import Path

from setuptools import setup

_RELATIVE = r"\((?!https?:)[^)]*\)"


def beyond_the_checkout(text: str) -> str:
    """README.md for a package index, which has neither the pictures nor the pages that it points to: links become their
    texts, which name the pages, and pictures go."""
    text = re.sub(rf"!\[[^\]]*\]{_RELATIVE}\n*", "", text)
    return re.sub(rf"\[([^\]]*)\]{_RELATIVE}", r"\1", text) + "\nAll pages named here lie in the source archive.\n"


setup(
    long_description=beyond_the_checkout((Path(__file__).parent / "README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
)
