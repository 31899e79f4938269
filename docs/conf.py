"""How the site looks; `notebooks/website.py` collects its pages and calls Sphinx."""

import os

project = "nastut"
author = "The nastut maintainers"
copyright = "the nastut maintainers, MIT licence"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
html_theme = "sphinx_book_theme"
html_title = "nastut"
html_theme_options = {
    "navigation_with_keys": True,
    "use_download_button": True,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "use_issues_button": False,
}
if repository := os.environ.get("NASTUT_REPOSITORY"):  # of a fork: see notebooks/website.py
    html_theme_options |= {
        "repository_url": repository,
        "path_to_docs": "notebooks",
        "launch_buttons": {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
            "notebook_interface": "jupyterlab",
        },
    }
html_use_index = False
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_js_files = ["pages.js"]

# Nothing is asked of the network: MathJax lies in _static, widgets are not drawn.
mathjax_path = "tex-svg.js"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}

# The stored notebooks are shown; they were executed by notebooks/build.py.
nb_execution_mode = "off"
nb_code_prompt_show = "Show the solution"
nb_code_prompt_hide = "Hide the solution"
nb_merge_streams = True

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
napoleon_google_docstring = False
