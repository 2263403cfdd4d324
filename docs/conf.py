"""How Sphinx builds the pages: `make docs` writes them to docs/_build/html, from the root of the repository."""

import inspect
from dataclasses import is_dataclass
from importlib.util import find_spec

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.ext.autodoc.mock import mock

import boostloss
from tools.public_types import public_objects

project = "boostloss"
author = "the boostloss developers"
project_copyright = f"2026, {author}"
version = release = boostloss.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
default_role = "py:obj"

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120

# Torch is larger than all else that the pages need: where it is absent, its modules are read without it.
autodoc_mock_imports = [] if find_spec("torch") else ["torch"]
autodoc_typehints = "none"
autodoc_inherit_docstrings = False
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# The estimators have their parents' methods, and the losses those of `Loss`: shown is what is told here.
PUBLIC = dict(public_objects())
if autodoc_mock_imports:
    with mock(autodoc_mock_imports):
        import torch

        mocked = type(torch.Tensor).__mro__[-2]
        # In annotations such as Tensor | None.
        mocked.__or__ = mocked.__ror__ = lambda self, other: self
        PUBLIC |= public_objects()
METHODS = "loss", "gradient_hessian", "mean_loss", "fit_intercept", "link", "inverse_link"
OF_SOME = "fitted", "distribution"
OF_MODULES = "forward", "generator", "discriminator", "alpha", "scale"


def shown(value: object) -> list[str]:
    """The members of a public class that its page describes."""
    if hasattr(value, "get_params"):
        names = [name for name, _ in inspect.getmembers(value, inspect.isfunction)]
        names = [name for name in names if getattr(value, name).__module__.startswith("boostloss")]
        return [name for name in names if name[0] != "_" and inspect.getdoc(getattr(value, name))]
    names = METHODS if value is boostloss.Loss else OF_SOME
    if value.__module__.startswith("boostloss.torch"):
        names = OF_MODULES
    names = [name for name in names if hasattr(value, name)]
    return [name for name in names if inspect.getdoc(inspect.getattr_static(value, name))]


autosummary_context = {"shown": {name: shown(value) for name, value in PUBLIC.items()}}

html_theme = "pydata_sphinx_theme"
html_title = f"boostloss {version}"
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 5,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {
    page: [] for page in ("index", "losses", "mathematics", "changelog", "contributing")
}
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_math_renderer = "mathml"
linkcheck_timeout = 20


def escape_bars(app, what, name, obj, options, lines) -> None:
    """Let bars in a docstring be those of absolute values, not of reStructuredText's substitutions."""
    code = False
    for i, line in enumerate(lines):
        code = line.lstrip().startswith(">>>") or (code and bool(line.strip()))
        if not code:
            parts = line.split("``")
            parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
            lines[i] = "``".join(parts)


def own_signature(app, what, name, obj, options, signature, returns) -> tuple[str, str] | None:
    """The parameters of a dataclass, where a ``__new__`` would hide them."""
    if what != "class" or not is_dataclass(obj):
        return None
    parameters = [p.replace(annotation=p.empty) for p in inspect.signature(obj).parameters.values()]
    return str(inspect.Signature(parameters)), ""


def inline_math(self, node) -> None:
    """Write an equation as MathML, which browsers set by themselves, without a script from elsewhere."""
    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block_math(self, node) -> None:
    """Write an equation in a line of its own, which scrolls where it is too long for a narrow screen."""
    self.body.append(f'<div class="equation">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app) -> None:
    app.connect("autodoc-process-docstring", escape_bars, priority=400)  # before numpydoc
    app.connect("autodoc-process-signature", own_signature)
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
