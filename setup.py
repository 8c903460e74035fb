"""The Azure CLI extension `amlnet`."""

import json
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
METADATA = json.loads((ROOT / "azext_amlnet" / "azext_metadata.json").read_text(encoding="utf-8"))

setup(
    name="amlnet",
    version=METADATA["version"],
    description="What a Kubernetes cluster behind a firewall must reach to run Azure Machine Learning",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="amlnet contributors",
    license="MIT",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: System Administrators",
        "Programming Language :: Python :: 3",
        "License :: OSI Approved :: MIT License",
    ],
    python_requires=">=3.10",
    packages=find_packages(include=["azext_amlnet", "azext_amlnet.*"]),
    package_data={"azext_amlnet": ["azext_metadata.json", "py.typed", "catalog/data/*.yaml"]},
    # Only what the Azure CLI lacks, and nothing that the ml extension takes from elsewhere: az puts every
    # extension's folder on one path. The reasons are in docs/design/001-dependencies.md.
    install_requires=["azure-mgmt-machinelearningservices>=1.0.1,<2"],
    # For the core outside az, which has these itself or signs in by other means.
    extras_require={"identity": ["azure-identity>=1.17", "PyYAML>=6"]},
)
