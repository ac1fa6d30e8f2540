# The commands of this repository; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup reproduce notebook notebooks spot-check extended figures paper-figures tour data lab test book check bench bench-quick faults machines lock clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PROFILE ?= laptop
RUN := .venv/bin/python -m kaleido
PIP := .venv/bin/pip install --disable-pip-version-check

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.ready ## make .venv from requirements.lock

# .ready comes last: a .venv that was half made is made anew
.venv/.ready: requirements.lock
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo 'Python 3.11 or newer is needed: install it, or name it: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv || \
	{ echo '.venv could not be made: install the venv module (Debian, Ubuntu: apt install python3-venv), or free some disk space; then run make again' >&2; exit 1; }
	$(PIP) -r requirements.lock && $(PIP) --no-deps -e . && touch $@ || \
	{ echo 'The packages could not be installed, for the reason above. If it is the network: connect, or set PIP_INDEX_URL to an index that can be reached. If it is the disk: free several GB. If there is no such version: the index or this Python lacks a package of requirements.lock, so take another (make PYTHON=...). Then run make again' >&2; exit 1; }

reproduce: .venv/.ready ## run every notebook and say which claims hold here (PROFILE=smoke, laptop or, for days, paper; EXACT=1)
	$(RUN) reproduce --profile $(PROFILE) $(if $(EXACT),--exact $(EXACT:1=check))

notebook: .venv/.ready ## run one notebook: make notebook N=01; with a parameter: N=04 WITH="depths=[1,4,20]" PROFILE=smoke
	$(RUN) notebook $(or $(N),$(error say which one: make notebook N=01)) --profile $(PROFILE) $(if $(WITH),--with '$(WITH)')

tour: .venv/.ready ## run the tour: from nothing to digits that grow out of noise
	$(RUN) notebook 00 --profile $(PROFILE)

figures: .venv/.ready ## draw the figures that are out of date, from the recorded evidence
	$(RUN) figures

paper-figures: .venv/.ready ## draw the paper's figures one by one, from the record: see figures/paper/README.md
	$(RUN) paper-figures

data: .venv/.ready ## get MNIST and Fashion-MNIST, what is not there yet: downloads of 12 and 30 MB, 55 MB each unpacked
	.venv/bin/python -c "from kaleido.data.sources import downloaded; downloaded('mnist'), downloaded('fashion')"

lab: .venv/.ready ## open the notebooks in JupyterLab, on this machine only
	.venv/bin/jupyter lab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir="$(CURDIR)" $(LAB_ARGS) notebooks/00_tour.ipynb

test: .venv/.ready ## test the package, and compare the notebooks with their committed outputs
	.venv/bin/pytest -n auto --dist worksteal --durations 10 tests
	OMP_NUM_THREADS=1 .venv/bin/pytest -n auto --dist loadscope --nbval-lax --nbval-current-env notebooks

book: .venv/.ready ## build the reading site from what is committed, running nothing; open build/book/index.html
	.venv/bin/python -m sphinx -q -W --keep-going -b html -c book . build/book

check: .venv/.ready ## check the style of code and notebooks
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

bench: .venv/.ready ## measure the speed, against a plain loop and the machine's limit (a quarter of an hour)
	.venv/bin/python benchmarks/bench.py

bench-quick: .venv/.ready ## see in a minute that the benchmarks run
	.venv/bin/python benchmarks/bench.py --quick

notebooks: .venv/.ready ## run every notebook and commit to its results: outputs, figures, record, findings
	$(RUN) promote

spot-check: .venv/.ready ## train a network of the record again for MINUTES=2, or all of it (WHOLE=1), and compare (CELL=...)
	$(RUN) spot-check $(CELL) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(WHOLE),--whole)

extended: .venv/.ready ## compute and record what takes too long for every run (N=04 to 09; with RECORD=paper N=01, 02, 08, 11 or toys)
	$(RUN) extend $(N) $(if $(RECORD),--profile $(RECORD))

faults: .venv/.ready ## kill, fill, damage and interrupt a small reproduction, and compare its tables (half an hour)
	.venv/bin/python benchmarks/faults.py

machines: .venv/.ready ## see how far numbers move under other processors' code paths (PROFILE=smoke: half an hour)
	.venv/bin/python benchmarks/machines.py --profile $(PROFILE)

lock: ## write requirements.lock anew from pyproject.toml
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install --disable-pip-version-check '.[dev]'
	{ sed -n '/^#/p' requirements.lock; build/lock/bin/pip freeze --all --exclude pip --exclude kaleidoscopic-networks | sed 's/+cpu$$//'; } > build/lock.txt
	mv build/lock.txt requirements.lock && rm -rf build/lock

clean: ## remove what was computed (not .venv)
	rm -rf build
