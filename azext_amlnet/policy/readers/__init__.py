"""Policies as the nouns of `policy.model`: one file a dialect, named as the export format that writes it.

A reader has either KINDS (the Azure resources it understands, by the names of `_arm`) and read(pool), or, for texts,
claims(document) and read(documents); both yield policies. docs/policies.md tells how to add one.
"""
