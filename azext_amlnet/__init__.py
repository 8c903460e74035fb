"""`az ml network`: what a Kubernetes cluster behind a firewall must reach to run Azure Machine Learning."""

try:
    from azure.cli.core import AzCommandsLoader
except ModuleNotFoundError as error:
    # Outside az the core (azext_amlnet.discovery, azext_amlnet.catalog) is a library and there is nothing to load.
    if not (error.name or "").startswith("azure"):
        raise
else:
    from azext_amlnet import _help  # noqa: F401  (az reads the help entries when the loader is imported)

    class AmlnetCommandsLoader(AzCommandsLoader):
        """The loader az asks for; it is imported by every `az ml …` command, so it imports nothing else."""

        def __init__(self, cli_ctx=None):
            from azure.cli.core.commands import CliCommandType

            custom = CliCommandType(operations_tmpl="azext_amlnet.custom#{}")
            super().__init__(cli_ctx=cli_ctx, custom_command_type=custom)

        def load_command_table(self, args):
            from azext_amlnet.commands import load_command_table

            load_command_table(self, args)
            return self.command_table

        def load_arguments(self, command):
            from azext_amlnet._params import load_arguments

            load_arguments(self, command)

    COMMAND_LOADER_CLS = AmlnetCommandsLoader
