"""How a load is spread over processes, as somebody asks for it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Distribution:
    """Workers that the harness starts, and workers on other hosts that it waits for."""

    workers: int
    remote_workers: int = 0
    listen: str = "127.0.0.1"  # the master's address, for workers on other hosts
    port: int = 0  # 0: any free one

    @property
    def all_workers(self) -> int:
        return self.workers + self.remote_workers
