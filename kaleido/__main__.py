"""The commands behind the Makefile: reproduce, notebook, spot-check, figures, extend and promote."""

import argparse
import os
import sys
from collections.abc import Sequence

from kaleido.chapters import CHAPTERS, PAPER_FIGURES, PUBLISHED, paper, published
from kaleido.chapters.claims.answer import answer
from kaleido.chapters.spot_check import spot_check
from kaleido.lab import gallery, notebooks, recording
from kaleido.lab.chapter import PROFILES, Chapter, place
from kaleido.lab.ledger import ELSEWHERE, PAPER, again, agrees, changed, endpoints, judge, moved, recorded_here
from kaleido.tools import exact, files

SPOT = 1  # minutes of the spot check in a reproduction
ONCE = ("extended", PAPER)  # profiles that are computed once


def reproduce(profile: str, bits: str | None = None) -> int:
    """Runs every notebook, prints the ledger and what has moved from the record; 0 if all of it stands.

    Arguments:
        profile: The profile.
        bits: In exact mode, whether to `check` the tables' hashes or to `record` them.
    """
    failed = notebooks.run(CHAPTERS, profile)
    print(f"\n{again(CHAPTERS, profile)}\n")
    moved_away, differ = _any_moved(CHAPTERS, profile), changed(CHAPTERS, profile)
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
    if profile == "laptop" and not bits:
        good &= spot(None, SPOT) == 0
    print(
        "\n  On this machine every claim was judged again from the recorded numbers of the deciding networks, and the"
        "\n  small networks were trained and measured. The deciding networks were not, but for the spot check;"
        "\n  `make spot-check WHOLE=1` trains and measures one of them, and book/claims.md says how all were made."
    )
    return _told(failed) or int(not good or bool(differ))


def decide() -> int:
    """Computes what the record of the published settings lacks, as long as it takes, adds it, and prints the ledger."""
    folder = files.build_folder("published")
    for command in ("learn", "measure", "compare", "assemble"):
        published.main(command, folder)
    verdicts = judge(CHAPTERS)
    for chapter in CHAPTERS:
        if chapter.cells(PAPER) and any(verdicts[name].word == "not run" for name in chapter.claims):
            _extend([chapter], PAPER)
    print(again(CHAPTERS, "laptop"))
    return 0


def _extend(chapters, profile: str) -> None:
    """Computes and records what takes long; endpoints.csv follows, even if only a part was recorded."""
    try:
        recording.extend(chapters, profile)
    finally:
        if profile == PAPER:
            files.write(files.record_folder() / PAPER / "endpoints.csv", endpoints(CHAPTERS))


def spot(name: str | None, minutes: float, whole: bool = False) -> int:
    """Trains a network of the record again for a while, and prints how its losses lie; 0 if they agree."""
    found = spot_check(name, minutes, whole)
    print(f"\n  spot check of the record, {found.name}: {found.told}")
    if not found.agrees:
        print(f"\nFAILED spot check: {found.name} is not the network that the record names", file=sys.stderr)
    return int(not found.agrees)


def one(number: str, profile: str, changes: dict[str, str]) -> int:
    """Runs one notebook, with parameters of the reader's own if there are any; 0 if it stands."""
    (chapter,) = _chosen([number])
    done = _told(notebooks.run([chapter], profile, at_once=True, changes=changes))
    print(f"executed notebook: {place(profile, changes) / 'notebooks'}")
    if changes:
        print(f"evidence and figures of this sweep lie in {place(profile, changes)}, and are compared with no record")
        return done
    return done or int(_any_moved([chapter], profile))


def _chosen(numbers: Sequence[str], chapters: Sequence[Chapter] = CHAPTERS) -> list[Chapter]:
    known = {chapter.number: chapter for chapter in chapters}
    for number in numbers:
        if number not in known:
            raise ValueError(f"unknown notebook '{number}', expected one of {', '.join(known)}")
    return [known[number] for number in numbers]


def _any_moved(chapters: Sequence[Chapter], profile: str) -> bool:
    """Prints how many of the notebooks' numbers agree with the record, and others; returns whether too few do."""
    found = moved(chapters, profile)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kaleido", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    profile = argparse.ArgumentParser(add_help=False)
    profile.add_argument("--profile", choices=PROFILES, default="laptop", help="how large (default: %(default)s)")
    all_of_it = commands.add_parser("reproduce", help="run every notebook, print the verdicts")
    sizes = {"choices": (*PROFILES, PAPER), "default": "laptop"}
    all_of_it.add_argument("--profile", **sizes, help="how large, or `paper`: what decides and is not recorded yet")
    choices = {"nargs": "?", "const": "check", "choices": ["check", "record"]}
    all_of_it.add_argument("--exact", **choices, help="the code paths that every x86-64 processor has")
    alone = commands.add_parser("notebook", parents=[profile], help="run one notebook")
    alone.add_argument("number", help="such as 01")
    how = {"action": "append", "metavar": "NAME=VALUE", "default": [], "dest": "changes"}
    alone.add_argument("--with", **how, help="a parameter of the notebook, such as depths=[1,4,20]")
    check = commands.add_parser("spot-check", help="train a network of the record again for a while, and compare")
    check.add_argument("name", nargs="?", help="such as mnist-10-500-torch-203 (default: a random one)")
    check.add_argument("--minutes", type=float, default=2, help="how long (default: %(default)s)")
    check.add_argument("--whole", action="store_true", help="all of it, for most of an hour, and measure it")
    commands.add_parser("figures", help="draw the figures that are out of date, from the recorded evidence")
    commands.add_parser("paper-figures", help="the same, those of the paper one by one alone: figures/paper/README.md")
    commands.add_parser("promote", help="run every notebook; then make its outputs, figures and evidence the record")
    extended = commands.add_parser("extend", help="compute and record what takes too long for every run (an hour each)")
    extended.add_argument("numbers", nargs="*", help="notebooks, such as 03 (default: all)")
    extended.add_argument("--profile", choices=ONCE, default=ONCE[0], help="of which record (default: %(default)s)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal may not know the sign for "at most"
    asked = _parser().parse_args(arguments)
    try:
        if asked.command == "reproduce" and asked.profile == PAPER:
            return decide()
        if asked.command == "reproduce":
            if asked.exact and not exact.on():  # the libraries read these variables as they are loaded
                command = [sys.executable, "-m", "kaleido", *(arguments or sys.argv[1:])]
                os.execve(sys.executable, command, exact.environment())
            return reproduce(asked.profile, asked.exact)
        if asked.command == "notebook":
            changes = dict(change.partition("=")[::2] for change in asked.changes)
            return one(asked.number, asked.profile, changes)
        if asked.command == "spot-check":
            return spot(asked.name, asked.minutes, asked.whole)
        if asked.command in ("figures", "paper-figures"):
            folder = files.root() / "figures"
            if asked.command == "figures":
                drawn = gallery.redraw((*CHAPTERS, *PAPER_FIGURES), PUBLISHED, folder)
            else:
                drawn = gallery.draw(PAPER_FIGURES, folder)
            print("\n".join(f"drawn: {name}" for name in drawn) or "every figure is up to date")
            return 0
        if asked.command == "extend":
            some = [chapter.number for chapter in CHAPTERS if chapter.cells(asked.profile)]
            _extend(_chosen(asked.numbers or some, (*CHAPTERS, paper.TOYS)), asked.profile)
            print("\n".join(f"recorded for notebook {number}" for number in asked.numbers or some))
            return 0
        return _told(notebooks.promote(CHAPTERS, PUBLISHED, answer, PAPER_FIGURES))
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted: what is finished is kept, the same command goes on from there", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
