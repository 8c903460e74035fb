"""Rules between arguments; a ValueError here makes az print one line and exit with 2, as for any wrong usage."""


def validate_scope(namespace):
    """A list comes from a workspace in Azure or from a file, and the words that only fit one of them say so."""
    if namespace.workspace_file:
        if namespace.save_workspace_file:
            raise ValueError("--save-workspace-file writes what Azure told; it does not go with --workspace-file.")
        return
    missing = [
        option
        for option, value in (
            ("--workspace-name/-w", namespace.workspace_name),
            ("--resource-group/-g", namespace.resource_group_name),
        )
        if not value
    ]
    if missing:
        raise ValueError(
            f"the following arguments are required: {', '.join(missing)}; or give --workspace-file to work without "
            "Azure."
        )
