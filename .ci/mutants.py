#!/usr/bin/env python3
"""Mutation testing of the machine and the driver, resumable, with a random sample where the whole does not fit.

cargo-mutants lists the mutants of a copy of the tree as committed; each is put into that copy and judged by the stages below, cheapest
first: the first that turns red has caught it. (cargo-mutants itself builds all tests before it runs one.) The long campaigns and searches
are left out; of the exhaustive search two short parts are run.

A sample is of one commit and one seed, which its results say: all mutants in an order drawn at random, as far as they were judged. A
run goes on where the last one stopped, at that commit, and refuses another. What changed since a commit is judged for its own
sake and is no sample: those results are kept under target/.

    .ci/mutants.py run --viable 300 --seed 1 --minutes 60    until 300 that compile are judged; again until it says so
    .ci/mutants.py run --sample 300                          until 300 are judged, whether they compile or not
    .ci/mutants.py run --viable 300 --fresh                  a new sample, of the last commit
    .ci/mutants.py run --viable 300 --again                  the survivors once more, after tests were written for them
    .ci/mutants.py run --changed main~5                      only files changed since then
    .ci/mutants.py report                                    writes sim/MUTANTS.md
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
CHANGED = WORK / "changed.jsonl"
ANEW = "begin a new sample with: .ci/mutants.py run --viable 300 --fresh"
MUTATED = ["src/machine", "src/driver"]
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
    run.add_argument("--viable", type=int, help="until so many that compile are judged, drawn at random")
    run.add_argument("--seed", type=int, default=1)
    run.add_argument("--fresh", action="store_true", help="begin a new sample, of the last commit")
    run.add_argument("--again", action="store_true", help="judge those that survived or were late once more, by the tests of the last commit")
    run.add_argument("--changed", metavar="COMMIT", help="only in files changed since this commit; no part of the sample")
    run.add_argument("--minutes", type=float, default=math.inf, help="begin none after so long")
    commands.add_parser("report", help="write sim/MUTANTS.md from the results")
    arguments = parser.parse_args()
    if arguments.command == "report":
        about, results = read_results(RESULTS)
        if about is None:
            sys.exit(f"{RESULTS.relative_to(TOP)} does not say of which commit and seed it is: {ANEW}")
        PAGE.write_text(page(about, results, read(REASONS)))
        return
    survivors = judge_all(arguments)
    sys.exit(1 if survivors else 0)


def judge_all(arguments):
    file, about, results = begin(arguments)
    tree = checked_out(about["commit"])
    mutants = drawn(tree, about)
    about["mutants"] = len(mutants)
    write_results(file, about, results)
    judged = {result["name"]: result for result in results}
    unknown = sorted(judged.keys() - {mutant["name"] for mutant in mutants})
    if unknown:
        sys.exit(f"{file} names mutants that this commit does not have, such as {unknown[0]}: {ANEW}")
    build(tree)
    print(f"{len(mutants)} mutants at {about['commit'][:12]}, {len(judged)} judged before", flush=True)
    stop = time.monotonic() + arguments.minutes * 60
    verdict = "all are judged"
    for mutant in mutants:
        name = mutant["name"]
        is_again = arguments.again and name in judged and is_doubtful(judged[name])
        if name in judged and not is_again:
            continue
        if not is_again and is_enough(arguments, judged.values()):
            verdict = "that is enough"
            break
        if time.monotonic() > stop:
            verdict = "time is up: run it again"
            break
        outcome, seconds = judge(tree, mutant)
        judged[name] = {"name": name, "outcome": outcome, "seconds": round(seconds)}
        write_results(file, about, judged.values())
        print(f"{len(judged)}, {viable(judged.values())} compile: {outcome:<16} {round(seconds):>4}s {name}", flush=True)
    print(f"{len(judged)} were judged, {viable(judged.values())} of them compile: {verdict}", flush=True)
    reasons = {reason["name"] for reason in read(REASONS)}
    survivors = [name for name, result in judged.items() if result["outcome"] == "survived" and name not in reasons]
    for name in survivors:
        print(f"survived, and nobody says why: {name}", flush=True)
    return survivors


def begin(arguments):
    """Where results are kept, of what they are, and those that are known."""
    head = output(["git", "rev-parse", "HEAD"]).strip()
    if arguments.changed:
        since = output(["git", "rev-parse", arguments.changed]).strip()
        wanted = {"commit": head, "seed": arguments.seed, "since": since}
        about, results = read_results(CHANGED)
        is_same = about is not None and all(about[key] == wanted[key] for key in wanted)
        return CHANGED, wanted, results if is_same else []
    about, results = read_results(RESULTS)
    if arguments.fresh or not RESULTS.exists():
        return RESULTS, {"commit": head, "seed": arguments.seed}, []
    if about is None:
        sys.exit(f"{RESULTS.relative_to(TOP)} does not say of which commit and seed it is: {ANEW}")
    if about["seed"] != arguments.seed:
        sys.exit(f"the sample was drawn with seed {about['seed']}, not {arguments.seed}; samples do not mix: {ANEW}")
    if arguments.again:
        # The mutants must be the same ones; only what judges them may have changed.
        if output(["git", "diff", "--name-only", about["commit"], head, "--", *MUTATED]):
            sys.exit(f"what is mutated has changed since {about['commit'][:12]}: {ANEW}")
        about["commit"] = head
    return RESULTS, about, results


def drawn(tree, about):
    """All mutants in an order drawn at random; any first part of it is a sample."""
    mutants = listed(tree)
    if "since" in about:
        changed = output(["git", "diff", "--name-only", about["since"], about["commit"]]).split()
        mutants = [mutant for mutant in mutants if mutant["file"] in changed]
    return random.Random(about["seed"]).sample(mutants, len(mutants))


def is_enough(arguments, results):
    enough = [arguments.sample and len(results) >= arguments.sample, arguments.viable and viable(results) >= arguments.viable]
    return any(enough)


def is_doubtful(result):
    return result["outcome"] == "survived" or "late" in result["outcome"]


def viable(results):
    return sum(result["outcome"] != "unviable" for result in results)


def listed(tree):
    files = [part for folder in MUTATED for part in ("--file", f"{folder}/**")]
    # Listed where they are put in: a place in another tree would be another place.
    mutants = json.loads(output(["cargo", "mutants", "--list", "--json", *files, "--exclude", "src/driver/models/**", "--exclude", "src/driver/worker/bent.rs"], tree))
    return sorted(mutants, key=lambda mutant: mutant["name"])


def checked_out(commit):
    """A copy of the tree as committed."""
    tree = WORK / "tree"
    if not tree.exists():
        subprocess.run(["git", "clone", "--quiet", str(TOP), str(tree)], check=True)
    subprocess.run(["git", "fetch", "--quiet", "origin", "HEAD"], cwd=tree, check=True)
    subprocess.run(["git", "checkout", "--quiet", "--force", commit], cwd=tree, check=True)
    return tree


def build(tree):
    """Builds the copy without a mutant: a suite that is red catches everything."""
    for stage, what in STAGES:
        if cargo(tree, what, 3600) != "green":
            sys.exit(f"{stage} is red without any mutant")


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


def page(about, results, reasons):
    reasons = {reason["name"]: reason["why"] for reason in reasons}
    compiled = [result for result in results if result["outcome"] != "unviable"]
    survivors = [result["name"] for result in compiled if result["outcome"] == "survived"]
    caught = len(compiled) - len(survivors)
    low, high = wilson(caught, len(compiled))
    outcomes = [outcome for stage, _ in STAGES for outcome in (stage, f"{stage}, late")]
    by_stage = [f"| {outcome} | {sum(result['outcome'] == outcome for result in compiled)} |" for outcome in outcomes]
    lines = [
        "# Mutants of the machine and the driver",
        "",
        f"Written by `.ci/mutants.py report`, from results of `.ci/mutants.py run --viable 300 --seed {about['seed']}` at commit"
        f" {about['commit'][:12]}, whose lines the names tell.",
        "",
        f"Of {about['mutants']} mutants, in an order drawn at random, the first {len(results)} were judged; {len(compiled)} of them compile"
        f" and {caught} were caught: {100 * caught / max(1, len(compiled)):.1f} %,"
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


def read_results(path):
    """Of which sample the results are, which the first line says, and they themselves."""
    lines = read(path)
    return (lines[0], lines[1:]) if lines and "commit" in lines[0] else (None, lines)


def write_results(path, about, results):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in [about, *results]))


def output(command, folder=TOP):
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
