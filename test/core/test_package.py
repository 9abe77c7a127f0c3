"""What is installed: one version, and both packages with their types."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import tr2m_core

ROOT = Path(__file__).resolve().parents[2]
VERSION = ElementTree.parse(ROOT / "package.xml").findtext("version")


def test_a_source_tree_has_the_version_of_package_xml():
    assert tr2m_core.__version__ == VERSION


def test_an_installed_package_has_the_version_of_its_metadata(tmp_path):
    shutil.copytree(ROOT / "tr2m_core", tmp_path / "tr2m_core", ignore=shutil.ignore_patterns("assets", "__pycache__"))
    (tmp_path / "tr2m_ros-7.8.9.dist-info").mkdir()
    (tmp_path / "tr2m_ros-7.8.9.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: tr2m_ros\nVersion: 7.8.9\n"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import tr2m_core; print(tr2m_core.__version__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "7.8.9\n"


def test_both_packages_are_built_with_their_types_and_assets(tmp_path):
    build = ["build_py", "--build-lib", str(tmp_path / "lib"), "egg_info", "--egg-base", str(tmp_path)]
    subprocess.run([sys.executable, "setup.py", "-q", *build], cwd=ROOT, capture_output=True, check=True)
    built = {str(path.relative_to(tmp_path / "lib")) for path in (tmp_path / "lib").rglob("*")}
    assert {"tr2m_core/py.typed", "tr2m_ros/py.typed", "tr2m_core/assets/report/page.css"} <= built


def test_the_changelog_has_the_version():
    assert f"{VERSION} (" in (ROOT / "CHANGELOG.rst").read_text(encoding="utf-8")
