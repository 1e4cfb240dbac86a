"""What a clean build grows by when a program that has tokio takes a crate for resilience."""

from statistics import median

import dependencies
from dependencies import tokio
from package import Package, medians

BASES = {
    "`rt` and `time`": tokio("rt", "time"),
    "`rt`, `time` and `macros`": tokio("rt", "time", "macros"),
}

ADDED = {
    "resilient-runtime": dependencies.OURS,
    "resilient-runtime without `tracing`": dependencies.WITHOUT_TRACING,
    "recloser (a breaker)": dependencies.RECLOSER,
    "failsafe (a breaker)": dependencies.FAILSAFE,
    "by hand: backon, failsafe, governor": dependencies.BY_HAND,
    "tower-resilience, five layers": dependencies.TOWER_RESILIENCE,
    "sentinel-core": dependencies.SENTINEL,
}

PROGRAM = {"src/main.rs": "fn main() {}\n"}


def section(home, rounds):
    lines = [
        "## What a clean build grows by",
        "",
        "Beyond tokio, which with `macros` has a syn 3 of its own. All packages are built from nothing, one after the other, in each of "
        f"{rounds} rounds; figures are medians, ratios those of the single rounds. *syn + quote* is the build of a macro that has these two "
        "alone, with the features that the attributes need.",
        "",
    ]
    syn = Package(home, "syn-and-quote", dependencies.SYN_AND_QUOTE, {"src/lib.rs": ""})
    for number, (features, tokio_line) in enumerate(BASES.items()):
        base = Package(home, f"tokio-{number}", tokio_line, PROGRAM)
        added = {
            what: Package(home, f"added-{number}-{place}", tokio_line + lines_of_manifest, PROGRAM)
            for place, (what, lines_of_manifest) in enumerate(ADDED.items())
        }
        for profile in ("dev", "release"):
            lines += table(f"### Beyond tokio with {features}, {profile}", profile, rounds, syn, base, added)
        lines += [f"- **{what}** brings {', '.join(brought(package, base))}" for what, package in added.items()]
        lines += [""]
    return lines


def table(title, profile, rounds, syn, base, added):
    taken = {package: [] for package in (syn, base, *added.values())}
    for _ in range(rounds):
        for package, times in taken.items():
            times.append(package.from_nothing("--profile", profile))

    def row(what, crates, second_syn, times):
        took = medians(times)
        ratios = [[mine / its for mine, its in zip(*pair)] for pair in zip(times, taken[syn])]
        wall, cpu = map(median, zip(*ratios))
        return f"| {what} | {crates} | {second_syn} | {took.wall:.2f} | {took.cpu:.2f} | {wall:.2f} | {cpu:.2f} |"

    lines = [
        title,
        "",
        "| | crates | second syn | wall s | CPU s | wall × syn + quote | CPU × syn + quote |",
        "|---|--:|---|--:|--:|--:|--:|",
        row("syn + quote alone", len(syn.crates()), "", taken[syn]),
        row("tokio alone", len(base.crates()), "", taken[base]),
    ]
    for what, package in added.items():
        growth = [times.beyond(of_base) for times, of_base in zip(taken[package], taken[base])]
        syns = [crate for crate in package.crates() if crate.startswith("syn ")]
        lines.append(row(f"+ {what}", len(brought(package, base)), "yes" if len(syns) > 1 else "no", growth))
    return [*lines, ""]


def brought(package, base):
    return sorted(package.crates() - base.crates())
