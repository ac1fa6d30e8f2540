"""The commands behind the Makefile: python -m kaleido reproduce | notebook | figures | extend | promote."""

import argparse
import os
import sys

from kaleido import figures, notebooks
from kaleido.ledger import ELSEWHERE, agrees, changed, in_full, ledger, moved, recorded_here
from kaleido.plans import EXTENDED, NOTEBOOKS
from kaleido.sizes import PROFILES
from kaleido.tools import exact, files


def reproduce(profile: str, bits: str | None = None) -> int:
    """Runs every notebook, prints the ledger and what has moved from the record; 0 if all of it stands.

    Arguments:
        profile: The profile.
        bits: In exact mode, whether to `check` the tables' hashes or to `record` them.
    """
    failed = notebooks.run(NOTEBOOKS, profile)
    print("\nThe claims: judged again from the record of the published settings; small networks were measured here\n")
    for entry in ledger(profile):
        print(f"  {entry['claim']:4} {entry['text']}")
        print(f"       {in_full(entry)}")
        if entry["small"]:
            print(f"       at small scale, {entry['measured']} {entry['threshold']}: {'; '.join(entry['small'])}")
    print()
    moved_away, differ = _any_moved(list(NOTEBOOKS), profile), changed(profile)
    stand = True
    if bits == "record":
        exact.record(profile)
        print("\n  the tables' SHA-256 are recorded")
    elif bits:
        stand, told = exact.check(profile)
        print(f"\n  exact mode: {told}")
    print(f"\n  evidence, figures and executed notebooks: {files.build_folder(profile)}")
    for claim, change in differ.items():
        print(f"  {claim} is {change}")
    good = stand if bits else not moved_away  # exact mode has a record of its own
    return _told(failed) or int(not good or bool(differ))


def _any_moved(numbers: list[str], profile: str) -> bool:
    """Prints how many of the notebooks' numbers agree with the record, and others; returns whether too few do."""
    found = moved(numbers, profile)
    for notebook, (agree, total, others) in found.items():
        print(f"  notebook {notebook}: {agree} of {total} numbers within tolerance of the record")
        if len(others):
            print(others.to_string(index=False, max_rows=20))
    if not found:
        print(f"  there is no record of the {profile} profile to compare with")
    elif not recorded_here(profile):
        print(f"  the record was made on another machine: of each notebook's numbers {ELSEWHERE:.0%} must agree here")
    return not all(agrees(compared, profile) for compared in found.values())


def _told(failed: dict[str, str]) -> int:
    for error in failed.values():
        print(f"\nFAILED {error}", file=sys.stderr)
    return int(bool(failed))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m kaleido", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    profile = argparse.ArgumentParser(add_help=False)
    known = [name for name in PROFILES if name != "extended"]
    profile.add_argument("--profile", choices=known, default="laptop", help="how large (default: %(default)s)")
    all_of_it = commands.add_parser("reproduce", parents=[profile], help="run every notebook, print the verdicts")
    choices = {"nargs": "?", "const": "check", "choices": ["check", "record"]}
    all_of_it.add_argument("--exact", **choices, help="the code paths that every x86-64 processor has")
    one = commands.add_parser("notebook", parents=[profile], help="run one notebook")
    one.add_argument("number", help="such as 01")
    commands.add_parser("figures", help="draw the figures that are out of date, from the recorded evidence")
    commands.add_parser("promote", help="run every notebook; then make its outputs, figures and evidence the record")
    extended = commands.add_parser("extend", help="compute and record what takes too long for every run (an hour each)")
    extended.add_argument("numbers", nargs="*", default=list(EXTENDED), help="notebooks, such as 03 (default: all)")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "reproduce":
            if asked.exact and not exact.on():  # the libraries read these variables as they are loaded
                os.execve(
                    sys.executable, [sys.executable, "-m", "kaleido", *(arguments or sys.argv[1:])], exact.environment()
                )
            return reproduce(asked.profile, asked.exact)
        if asked.command == "notebook":
            done = _told(notebooks.run([asked.number], asked.profile, at_once=True))
            print(f"executed notebook: {files.build_folder(asked.profile) / 'notebooks'}")
            return done or int(_any_moved([asked.number], asked.profile))
        if asked.command == "figures":
            drawn = figures.redraw(files.root() / "figures")
            print("\n".join(f"drawn: {name}" for name in drawn) or "every figure is up to date")
            return 0
        if asked.command == "extend":
            print("\n".join(f"recorded for notebook {number}" for number in notebooks.extend(asked.numbers)))
            return 0
        return _told(notebooks.promote())
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted: what is finished is kept, the same command goes on from there", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
