"""Builds the native core with the package, where a Rust toolchain is: the rest stands in pyproject.toml.

Without a toolchain, or where the build fails, the package is installed without it and parses with the reference core.
``LOGTUNE_REQUIRE_NATIVE=1`` makes that an error.
"""

from __future__ import annotations

import os

from setuptools import setup
from setuptools_rust import Binding, RustExtension

setup(
    rust_extensions=[
        RustExtension(
            "logtune._native",
            path="rust/logtune-native/Cargo.toml",
            binding=Binding.PyO3,
            cargo_manifest_args=["--locked"],
            debug=False,  # else an editable installation gets the slow build
            optional=os.environ.get("LOGTUNE_REQUIRE_NATIVE") != "1",
            py_limited_api=True,
        )
    ]
)
