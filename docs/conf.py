"""Settings of the documentation: Sphinx, furo, MyST; a warning fails the build."""

import sys
import tomllib
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

sys.path.insert(0, str(_ROOT))
from cptfacet import __version__  # noqa: E402  as the next one
from tools import pages  # noqa: E402  it stands beside the documents, in no distribution

pages.write(_ROOT / "docs")  # rules.md and schemas/, made from the package itself

project = _PROJECT["name"]
release = __version__
author = _PROJECT["authors"][0]["name"]
copyright = f"{author}. CPT is a registered trademark of the American Medical Association"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # autodoc lists the attributes too; each is described once

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
