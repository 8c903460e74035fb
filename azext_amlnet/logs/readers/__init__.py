"""One file a format; parts of one begin with an underscore.

Each has SUMMARY, claims(head), which tells the format from the beginning of a text, and READER, a class (see
`LogReader` in `logs.model`).
"""
