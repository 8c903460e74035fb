"""What each command does, one file a verb; the only room that knows az's `cmd`."""
