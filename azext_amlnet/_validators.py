"""Rules between arguments; a ValueError here makes az print one line and exit with 2, as for any wrong usage."""

FILES = ("workspace_file", "save_workspace_file", "baseline", "catalog")


def validate_scope(namespace):
    """A list comes from a workspace in Azure or from a file, and the words that only fit one of them say so."""
    for name in FILES:
        value = getattr(namespace, name, None)
        if value is not None and not value.strip():
            raise ValueError(f"--{name.replace('_', '-')} is empty; is a variable not set?")
    for name in namespace.compute or ():
        if not _is_name(name):
            raise ValueError(f"--compute is no name that Azure allows: {name[:80]!r}.")
    if namespace.workspace_file:
        if namespace.save_workspace_file:
            raise ValueError("--save-workspace-file writes what Azure told; it does not go with --workspace-file.")
        return
    names = {
        "--workspace-name/-w": namespace.workspace_name,
        "--resource-group/-g": namespace.resource_group_name,
    }
    missing = [option for option, value in names.items() if not value]
    if missing:
        raise ValueError(
            f"the following arguments are required: {', '.join(missing)}; or give --workspace-file to work without "
            "Azure."
        )
    for option, value in names.items():
        if not _is_name(value):
            raise ValueError(f"{option} is no name that Azure allows: {value[:80]!r}.")


def _is_name(value):
    """Letters, digits and `-_.()`, 90 at most: the union of what Azure allows in these names."""
    plain = all(character.isalnum() or character in "-_.()" for character in value)
    return plain and len(value) <= 90 and value.strip(".") != ""
