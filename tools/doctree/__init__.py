"""Pages of the documentation, as their repositories keep them: files, passages, and the hosts that these name."""
