"""Runs as spans of OpenTelemetry, when the extra `otel` is installed and OTEL_EXPORTER_OTLP_ENDPOINT says where they go."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from proforma import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = logging.getLogger(__name__)

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Telemetry(Protocol):
    """Hears of each run."""

    @contextmanager
    def run(self, stages: Sequence[str]) -> Iterator[None]:
        """Around one run; a fault that passes through is told."""
        yield

    def close(self) -> None:
        """Sends what is left."""


class Nowhere:
    """Without telemetry."""

    @contextmanager
    def run(self, stages: Sequence[str]) -> Iterator[None]:
        """Nothing is told."""
        yield

    def close(self) -> None:
        """Nothing is left."""


class Spans:
    """A span a run, named by its stages. Attributes hold no ids and no names; of a fault only its class is told."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("proforma", __version__)

    @contextmanager
    def run(self, stages: Sequence[str]) -> Iterator[None]:
        """One span."""
        from opentelemetry.trace import StatusCode

        with self._tracer.start_as_current_span(
            "proforma run", record_exception=False, set_status_on_exception=False, attributes={"proforma.stages": list(stages)}
        ) as span:
            try:
                yield
            except BaseException as fault:
                span.set_status(StatusCode.ERROR, type(fault).__name__)
                raise

    def close(self) -> None:
        """Sends what is left, within the exporter's own time."""
        self._provider.shutdown()


def telemetry_of(environment: Mapping[str, str] | None = None) -> Telemetry:
    """What the environment asks for; a warning when the extra is missing."""
    variables = os.environ if environment is None else environment
    if not any(variables.get(name) for name in ENDPOINTS):
        return Nowhere()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        log.warning("no spans are sent: install proforma-sync with the extra `otel`", extra={"event": "no_telemetry"})
        return Nowhere()
    provider = TracerProvider(resource=Resource.create({"service.name": "proforma", "service.version": __version__}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Spans(provider)
