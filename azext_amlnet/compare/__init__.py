"""Now against before: lists of requirements, and verdicts of every kind. Pure."""
