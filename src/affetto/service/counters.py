"""Counters and gauges as Prometheus reads them: its text format, version 0.0.4."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_COUNTERS = {
    "requests": ("affetto_http_requests_total", "Requests answered, by method and status."),
    "predictions": ("affetto_predictions_total", "Songs that are over, by what became of them."),
    "scoring_seconds": ("affetto_scoring_seconds_total", "Time that processes were at songs."),
}
_GAUGES = {
    "queued": ("affetto_jobs_queued", "Songs that wait for a process."),
    "running": ("affetto_jobs_running", "Songs that are being scored."),
    "kept": ("affetto_jobs_kept", "Jobs that can be asked for."),
    "listeners": ("affetto_live_connections", "Clients that send live sound."),
    "uploads": ("affetto_uploads_arriving", "Uploads on their way."),
}

_Labels = tuple[tuple[str, str], ...]


class Counters:
    """What is counted over the life of a server. Used by the thread of its event loop alone."""

    def __init__(self) -> None:
        self._values: dict[str, dict[_Labels, float]] = {
            name: defaultdict(float) for name in _COUNTERS
        }

    def count(self, name: str, **labels: str) -> None:
        self.add(name, 1, **labels)

    def add(self, name: str, value: float, **labels: str) -> None:
        self._values[name][tuple(sorted(labels.items()))] += value

    def text(self, gauges: Mapping[str, float]) -> str:
        """Give all values; those of `gauges` are the ones of this moment."""
        lines = []
        for name, (full_name, what) in _COUNTERS.items():
            lines += [f"# HELP {full_name} {what}", f"# TYPE {full_name} counter"]
            for labels, value in sorted(self._values[name].items()):
                shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
                lines.append(f"{full_name}{f'{{{shown}}}' if shown else ''} {_number(value)}")
        for name, (full_name, what) in _GAUGES.items():
            lines += [f"# HELP {full_name} {what}", f"# TYPE {full_name} gauge"]
            lines.append(f"{full_name} {_number(gauges[name])}")
        return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
