"""`queueproof template`: the CloudFormation template of a queue configuration."""

from pathlib import Path

from reference.infra.deployment import Deployment
from reference.infra.template import template_of, to_yaml
from scenarios.configuration import Configuration, load_configuration


class TemplateError(Exception):
    """No template can be made of it, or written."""


def deployment_of(configuration: Configuration) -> Deployment:
    """What AWS resources need to know of it. Raises TemplateError."""
    queue, intake, consumer = configuration.queue, configuration.intake, configuration.consumer
    try:
        return Deployment(
            name=configuration.name,
            is_fifo=queue.is_fifo,
            queue_count=queue.count,
            is_high_throughput=queue.high_throughput,
            gateway_mapping=intake.mapping,
            send_batch_max=intake.batch_max,
            send_linger_ms=intake.linger_ms,
            consumer=consumer.kind,
            batch_size=consumer.batch_size,
            batch_window_s=round(consumer.batch_window_s),
            maximum_concurrency=consumer.maximum_concurrency,
            timeout_s=consumer.timeout_s,
            memory_mb=consumer.memory_mb,
        )
    except ValueError as error:
        raise TemplateError(str(error)) from error


def template_text(name_or_path: str) -> str:
    """The template of a configuration. Raises TemplateError, ScenarioError."""
    configuration, _ = load_configuration(name_or_path)
    return to_yaml(template_of(deployment_of(configuration)))


def write_template(name_or_path: str, path: Path) -> None:
    """The same into a file. Raises TemplateError, ScenarioError."""
    text = template_text(name_or_path)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TemplateError(f"{path}: cannot be written ({error.strerror})") from error
