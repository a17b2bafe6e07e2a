#!/usr/bin/env python3
"""Mutation testing of the machine and the driver, resumable, with a random sample where the whole does not fit.

cargo-mutants lists the mutants; each is put into a copy of the tree and judged by the stages below, cheapest first: the first that
turns red has caught it. (cargo-mutants itself builds all tests before it runs one.) The exhaustive search and the other long ones are
left out. Results are kept as JSON lines, one mutant a line, and a run goes on where the last one stopped.

    .ci/mutants.py run --sample 300 --seed 1 --minutes 60
    .ci/mutants.py run --changed main~5          only files changed since then
    .ci/mutants.py run --sample 300 --again      the survivors once more, after tests were written for them
    .ci/mutants.py report                        writes sim/MUTANTS.md
"""

import argparse
import json
import math
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
RESULTS = TOP / "sim/mutants/results.jsonl"
REASONS = TOP / "sim/mutants/reasons.jsonl"
PAGE = TOP / "sim/MUTANTS.md"
WORK = TOP / "target/mutants"
CARGO = ["cargo", "test", "--quiet", "--locked", "--profile", "mutants"]
STAGES = [
    ("properties", ["--package", "multiwatcher", "--lib"]),
    ("lifecycle", ["--package", "multiwatcher", "--test", "lifecycle", "--test", "machine", "--test", "transcripts", "--test", "storable"]),
    ("campaign", ["--package", "multiwatcher-sim", "--test", "short"]),
    ("search", ["--package", "multiwatcher", "--test", "exhaustive", "--", "eight_moves", "merging"]),
]
# A suite that is green takes some ten seconds; a mutant that hangs is caught by the clock, and its result says so.
SECONDS = 100


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="judge mutants")
    run.add_argument("--sample", type=int, help="so many, drawn at random")
    run.add_argument("--seed", type=int, default=1)
    run.add_argument("--again", action="store_true", help="judge those that survived or were late once more, by the tests of now")
    run.add_argument("--changed", metavar="COMMIT", help="only in files changed since this commit")
    run.add_argument("--minutes", type=float, default=math.inf, help="begin none after so long")
    commands.add_parser("report", help="write sim/MUTANTS.md from the results")
    arguments = parser.parse_args()
    if arguments.command == "report":
        PAGE.write_text(page(read(RESULTS), read(REASONS)))
        return
    survivors = judge_all(arguments)
    sys.exit(1 if survivors else 0)


def judge_all(arguments):
    mutants = listed()
    if arguments.changed:
        changed = output(["git", "diff", "--name-only", arguments.changed]).split()
        mutants = [mutant for mutant in mutants if mutant["file"] in changed]
    if arguments.sample and arguments.sample < len(mutants):
        mutants = random.Random(arguments.seed).sample(mutants, arguments.sample)
    reasons = {reason["name"] for reason in read(REASONS)}
    results = read(RESULTS)
    if arguments.again:
        results = [result for result in results if result["outcome"] != "survived" and "late" not in result["outcome"]]
        RESULTS.write_text("".join(json.dumps(result) + "\n" for result in results))
    known = {result["name"] for result in results}
    todo = [mutant for mutant in mutants if mutant["name"] not in known]
    tree = copy()
    print(f"{len(mutants)} mutants, {len(mutants) - len(todo)} judged before", flush=True)
    began, survivors = time.monotonic(), []
    RESULTS.parent.mkdir(exist_ok=True)
    for number, mutant in enumerate(todo, 1):
        if time.monotonic() - began > arguments.minutes * 60:
            print(f"time is up, {len(todo) - number + 1} left: run it again", flush=True)
            break
        outcome, seconds = judge(tree, mutant)
        result = {"name": mutant["name"], "outcome": outcome, "seconds": round(seconds)}
        with RESULTS.open("a") as file:
            file.write(json.dumps(result) + "\n")
        print(f"{number}/{len(todo)} {outcome:<16} {round(seconds):>4}s {mutant['name']}", flush=True)
        if outcome == "survived" and mutant["name"] not in reasons:
            survivors.append(mutant["name"])
    return survivors


def listed():
    files = ["--file", "src/machine/**", "--file", "src/driver/**", "--exclude", "src/driver/models/**", "--exclude", "src/driver/worker/bent.rs"]
    mutants = json.loads(output(["cargo", "mutants", "--list", "--json", *files]))
    return sorted(mutants, key=lambda mutant: mutant["name"])


def copy():
    """A copy of the tree as committed, built once without a mutant: a suite that is red catches everything."""
    tree = WORK / "tree"
    if not tree.exists():
        subprocess.run(["git", "clone", "--quiet", str(TOP), str(tree)], check=True)
    head = output(["git", "rev-parse", "HEAD"]).strip()
    subprocess.run(["git", "fetch", "--quiet", "origin"], cwd=tree, check=True)
    subprocess.run(["git", "checkout", "--quiet", "--force", head], cwd=tree, check=True)
    for stage, what in STAGES:
        if cargo(tree, what, 3600) != "green":
            sys.exit(f"{stage} is red without any mutant")
    return tree


def judge(tree, mutant):
    file = tree / mutant["file"]
    text, began = file.read_text(), time.monotonic()
    span = mutant["span"]
    start, end = offset(text, span["start"]), offset(text, span["end"])
    file.write_text(text[:start] + mutant["replacement"] + text[end:])
    try:
        for number, (stage, what) in enumerate(STAGES):
            # Built by itself: a busy machine must not look like a mutant that hangs.
            built = cargo(tree, ["--no-run", *what], 600)
            if built != "green":
                if number == 0 and built == "red":
                    return "unviable", time.monotonic() - began
                sys.exit(f"{stage} was not built ({built}) with {mutant['name']}")
            end = cargo(tree, what, SECONDS)
            if end != "green":
                return stage if end == "red" else f"{stage}, late", time.monotonic() - began
        return "survived", time.monotonic() - began
    finally:
        file.write_text(text)


def cargo(tree, what, seconds):
    command = [*CARGO, "--target-dir", str(WORK / "target"), *what]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # A session of its own: what cargo started must not outlive it, or a test that hangs goes on for ever.
    with subprocess.Popen(command, cwd=tree, start_new_session=True, **silent) as running:
        try:
            return "green" if running.wait(timeout=seconds) == 0 else "red"
        except subprocess.TimeoutExpired:
            return "late"
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)


def offset(text, place):
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: place["line"] - 1]) + place["column"] - 1


def page(results, reasons):
    reasons = {reason["name"]: reason["why"] for reason in reasons}
    viable = [result for result in results if result["outcome"] != "unviable"]
    survivors = [result["name"] for result in viable if result["outcome"] == "survived"]
    caught = len(viable) - len(survivors)
    low, high = wilson(caught, len(viable))
    outcomes = [outcome for stage, _ in STAGES for outcome in (stage, f"{stage}, late")]
    by_stage = [f"| {outcome} | {sum(result['outcome'] == outcome for result in viable)} |" for outcome in outcomes]
    lines = [
        "# Mutants of the machine and the driver",
        "",
        "Written by `.ci/mutants.py report`, from results of `.ci/mutants.py run --sample 300 --seed 1`. Lines are those of the tree in which a"
        " mutant was judged.",
        "",
        f"{len(results)} mutants of {len(listed())} were judged, drawn at random; {len(viable)} of them compile and"
        f" {caught} were caught: {100 * caught / max(1, len(viable)):.1f} %,"
        f" of all {100 * low:.1f} to {100 * high:.1f} % with a confidence of 95 %.",
        "",
        "| caught by | mutants |",
        "|---|---|",
        *by_stage,
        "",
        f"## {len(survivors)} survivors",
        "",
        *[f"- `{name}`: {reasons.get(name, '**no reason known**')}" for name in sorted(survivors)],
    ]
    return "\n".join(lines) + "\n"


def wilson(hits, total):
    if total == 0:
        return 0.0, 1.0
    z, share = 1.96, hits / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return (middle - spread) / (1 + z * z / total), (middle + spread) / (1 + z * z / total)


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def output(command):
    return subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
