"""Which commands there are."""


def load_command_table(loader, _):
    """`az ml network …`."""
    from azext_amlnet._format import compare_table, log_table, policy_table, report_table, requirements_table
    from azext_amlnet._validators import (
        validate_check,
        validate_compare,
        validate_explain_log,
        validate_export,
        validate_requirements,
        validate_test,
    )

    with loader.command_group("ml network") as group:
        group.custom_command(
            "requirements", "requirements", table_transformer=requirements_table, validator=validate_requirements
        )
        group.custom_command("export", "export", validator=validate_export)
        group.custom_command("check-policy", "check_policy", table_transformer=policy_table, validator=validate_check)
        group.custom_command("explain-log", "explain_log", table_transformer=log_table, validator=validate_explain_log)
        group.custom_command("test", "test", table_transformer=report_table, validator=validate_test)
        group.custom_command("compare", "compare", table_transformer=compare_table, validator=validate_compare)
