"""A generated package outside of any workspace, and what its builds take."""

import os
import resource
import shutil
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parents[3]

# As a user has it who has set nothing.
PLAIN = {
    name: value
    for name, value in os.environ.items()
    if name not in ("CARGO_INCREMENTAL", "CARGO_TARGET_DIR", "RUSTFLAGS") and not name.startswith("CARGO_PROFILE_")
}


class Took(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float

    def beyond(self, other):
        return Took(self.wall - other.wall, self.cpu - other.cpu)


def medians(taken):
    return Took(*map(median, zip(*taken)))


class Package:
    def __init__(self, home, name, dependencies, sources):
        """`sources` by the paths of their files."""
        self.name = name
        self.folder = Path(home, name)
        for path, source in sources.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(source)
        (self.folder / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nedition = "2024"\n\n[workspace]\n\n'
            f"[profile.release]\nstrip = true\n\n[dependencies]\n{dependencies}\n")
        shutil.copy(CHECKOUT / "rust-toolchain.toml", self.folder)
        self.cargo("fetch")

    def cargo(self, *arguments, environment={}):
        done = subprocess.run(
            ["cargo", *arguments], cwd=self.folder, env=PLAIN | environment, text=True, capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"{self.name}: cargo {' '.join(arguments)}\n{done.stderr}")
        return done

    def timed(self, *arguments):
        def cpu():
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            return used.ru_utime + used.ru_stime

        began, used = time.monotonic(), cpu()
        self.cargo(*arguments)
        return Took(time.monotonic() - began, cpu() - used)

    def from_nothing(self, *arguments):
        """A build of it and of all that it needs."""
        shutil.rmtree(self.folder / "target", ignore_errors=True)
        return self.timed("build", *arguments)

    def forget(self):
        """What was built of the package itself; what it needs stays."""
        self.cargo("clean", "--package", self.name)
        self.cargo("clean", "--package", self.name, "--release")

    def crates(self):
        """Each crate and version that is built for it, as the lines of `cargo tree`."""
        tree = self.cargo("tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}").stdout
        lines = {" ".join(line.split()[:2]) for line in tree.splitlines()}
        return {line for line in lines if not line.startswith(f"{self.name} ")}
