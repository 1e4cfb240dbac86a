"""What functions cost where they are written: expansion, check, build, and bytes of the program."""

import re
from statistics import median

import functions
from package import Package, medians

FEW, MANY = 100, 1_000
MODES = {"check": ["check"], "dev": ["build"], "release": ["build", "--release"]}

# Has the compiler stop before it analyses anything, under callgrind: what is left is parsing, expansion and the resolution of names.
# The switch is not for everybody, so it is on for this package alone.
EXPANDING = """\
#!/bin/sh
compiler=$(rustc --print sysroot)
case "$*" in
    *--crate-name*)
        shift
        export RUSTC_BOOTSTRAP=1 LD_LIBRARY_PATH="$compiler/lib"
        exec valgrind --tool=callgrind --callgrind-out-file=/dev/null "$compiler/bin/rustc" "$@" -Zno-analysis ;;
    *) exec "$@" ;;
esac
"""


class Costs:
    """Of one kind of function."""

    def __init__(self, home, kind):
        self.kind = kind
        self.package = Package(
            home, kind.name, kind.dependencies, {f"src/bin/of-{count}.rs": kind.program(count) for count in (FEW, MANY)})
        self.took = {(mode, count): [] for mode in MODES for count in (FEW, MANY)}
        self.bytes = {}
        # From here on all that it needs is there.
        for command in MODES.values():
            self.package.cargo(*command, "--bin", f"of-{FEW}")
        few, many = map(self.expanding, (FEW, MANY))
        self.expansion = (many - few) / (MANY - FEW)

    def expanding(self, count):
        """Instructions."""
        wrapper = self.package.folder / "expanding"
        wrapper.write_text(EXPANDING)
        wrapper.chmod(0o755)
        self.package.forget()
        told = self.package.cargo(
            "check", "--bin", f"of-{count}", environment={"RUSTC_WORKSPACE_WRAPPER": str(wrapper)}).stderr
        return int(re.search(r"Collected : (\d+)", told)[1])

    def round(self):
        for (mode, count), times in self.took.items():
            self.package.forget()
            times.append(self.package.timed(*MODES[mode], "--bin", f"of-{count}"))
            if mode == "release":
                self.bytes[count] = (self.package.folder / f"target/release/of-{count}").stat().st_size

    def check_of_one(self):
        """Milliseconds of the processor, in each round."""
        rounds = zip(self.took["check", FEW], self.took["check", MANY])
        return [1e3 * (many.cpu - few.cpu) / (MANY - FEW) for few, many in rounds]

    def bytes_of_one(self):
        return (self.bytes[MANY] - self.bytes[FEW]) / (MANY - FEW)


def section(home, rounds):
    kinds = [Costs(home, kind) for kind in functions.KINDS]
    for _ in range(rounds):
        for costs in kinds:
            costs.round()
    bare, instrumented, *_ = kinds
    return [
        "## What an annotated function costs",
        "",
        f"Programs of {FEW} and of {MANY} functions, each of which is called; what they need is built before. What one function costs is the "
        f"slope between the two. *Expansion* is counted in instructions of the compiler up to the resolution of names, by callgrind, and is the same each "
        f"time; *check* is the processor's time for all of `cargo check`. {rounds} rounds; figures are medians, ratios those of the single rounds.",
        "",
        "| one function | expansion, instructions | beyond bare × `#[instrument]` | check ms | beyond bare × `#[instrument]` | bytes of the program |",
        "|---|--:|--:|--:|--:|--:|",
        *(of_one(costs, bare, instrumented) for costs in kinds),
        "",
        *of_many(MANY, kinds, bare),
        "",
        *of_many(FEW, kinds, bare),
        "",
    ]


def of_one(costs, bare, instrumented):
    expansion = (costs.expansion - bare.expansion) / (instrumented.expansion - bare.expansion)
    checks = zip(costs.check_of_one(), bare.check_of_one(), instrumented.check_of_one())
    check = median((mine - least) / (its - least) for mine, least, its in checks)
    return (f"| {costs.kind.title} | {costs.expansion:,.0f} | {expansion:.2f} | {median(costs.check_of_one()):.2f} | "
            f"{check:.2f} | {costs.bytes_of_one():,.0f} |")


def of_many(count, kinds, bare):
    yield f"| {count} functions | " + " | ".join(f"{mode} wall s | CPU s | CPU × bare" for mode in MODES) + " |"
    yield "|---|" + "--:|" * 3 * len(MODES)
    for costs in kinds:
        cells = []
        for mode in MODES:
            times, least = costs.took[mode, count], bare.took[mode, count]
            took = medians(times)
            ratio = median(mine.cpu / its.cpu for mine, its in zip(times, least))
            cells += [f"{took.wall:.2f}", f"{took.cpu:.2f}", f"{ratio:.2f}"]
        yield f"| {costs.kind.title} | " + " | ".join(cells) + " |"
