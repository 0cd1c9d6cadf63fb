"""The sandbox: what is not deterministic in a journey's code fails here, and not in a hospital."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

PASSED_THROUGH = (
    "schemas",
    "workflows",
    "pydantic",
    "pydantic_core",
    "pydantic_settings",
    "annotated_types",
    "typing_extensions",
    "typing_inspection",
    "yaml",
    "temporalio.contrib.pydantic",
)
"""What is not imported anew for each journey: the pure rules and the models, which keep nothing in modules."""


def sandbox() -> SandboxedWorkflowRunner:
    """A runner that refuses what would come out otherwise on a replay: the clock, chance, files, the network."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
