# Needs Python 3.11 or newer with its venv module, make, and a package index. Nothing else; tests of the interactive page
# and of the LaTeX reports also need the programs of tests/tools.sh.
PYTHON ?= $(shell python3.11 -c "" 2>/dev/null && echo python3.11 || echo python3)
PYTEST_FLAGS ?= -q -n auto
BIN := .venv/bin
# The files of a study that are its report; the others are the sweep, to resume from.
STUDY := report.html report.json report.tex report.bib tables figures

.PHONY: setup report pages claims test slow lint million distributions identification explore-picture agreement schemas examples verify atlas atlas-study clean

setup: .venv/filled

report: setup
	$(BIN)/tegum study plans/five-in-two.toml --out out/report

# Minutes: a thousand models over two axes, and the map of where they agree with theory (docs/agreement.md).
agreement: setup
	$(BIN)/tegum study plans/five-in-two-importance.toml --out out/agreement

# Minutes each: limits of stability to proved digits.
pages: .venv/filled
	$(BIN)/tegum stability --catalogue 12 --page docs/stability.md
	$(BIN)/tegum stability examples/five-in-two.toml --every --page docs/stability-five-in-two.md

# What docs/schema publishes, and the committed reports, made anew.
schemas: .venv/filled
	$(BIN)/python -m tegum.compare.report.schema.publish docs/schema

examples: .venv/filled
	$(BIN)/tegum study plans/three-in-two.toml --out out/three-in-two
	mkdir -p docs/reports/three-in-two && cp -r $(addprefix out/three-in-two/,$(STUDY)) docs/reports/three-in-two
	$(BIN)/tegum train examples/eight-in-three.toml --runs 4 --seed 1 --device cpu --out out/eight-in-three
	$(BIN)/tegum compare examples/eight-in-three.toml --runs out/eight-in-three --out docs/reports/eight-in-three
	$(BIN)/tegum phases examples/two-in-one.toml --x density:0.05:0.9:8:log --y 'importance[1]:0.2:5:7:log' \
		--out out/two-in-one
	mkdir -p docs/reports/two-in-one && cp $(addprefix out/two-in-one/phases.,json svg pdf) docs/reports/two-in-one

# Every number of every committed report and of every claim's record, recomputed.
VERIFIED = docs/reports/*/*.json docs/four-hundred-in-thirty/mixtures.json theory/table/data/factors.json \
	papers/*/records/*.json

verify: .venv/filled
	set -e; for file in $(VERIFIED); do \
		echo $$file; $(BIN)/tegum verify $$file; done

# The linters come first: they take seconds, and a change that fails them is not worth the longer wait.
test: setup lint
	tests/tools.sh
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" $(PYTEST_FLAGS)

# The tests that take longest: sixty features at once, the largest polytopes, the longest eliminations.
slow: setup
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow $(PYTEST_FLAGS)

# The linters live in the same environment: mypy reads the types of the libraries installed there.
lint: .venv/linters
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	cd .types && ../$(BIN)/lint-imports --config ../pyproject.toml --no-cache

# Every claim of the literature at full size; run again to resume.  Writes the records that are shipped.
claims: setup
	OPENBLAS_NUM_THREADS=1 $(BIN)/tegum reproduce all --out papers
	$(BIN)/tegum reproduce --page papers/README.md

# A million runs, killed ten times at random moments, against the undisturbed sweep; writes tests/records/million.json.
million: setup
	rm -rf out/million
	$(BIN)/python tests/million.py out/million --record tests/records/million.json

# Every kernel of the CPU trained to the end against the reference; writes tests/records/distributions.json.
distributions: setup
	OMP_NUM_THREADS=1 $(BIN)/python tests/distributions.py --record tests/records/distributions.json

# What training leaves in weights, and 10,000 random geometries with noise of that size; writes
# tests/records/identification.json.
identification: setup
	OMP_NUM_THREADS=1 $(BIN)/python tests/identification.py --record tests/records/identification.json

# The picture of docs/explore.md, taken in Chromium (see tests/tools.sh).
explore-picture: setup
	$(BIN)/tegum explore examples/five-in-two.toml --hidden 1-2 --ratios 0.5 1 --points 32 --train 12 --out out/explore.html
	$(BIN)/python tests/explore_picture.py out/explore.html docs/explore.png

# Half an hour on one core: the shipped atlas from the table of factors and from sweeps of n <= 12, m <= 4; its page.
atlas: setup atlas-study
	$(BIN)/tegum atlas --build out/atlas >/dev/null
	rm -f out/atlas/shipped.json
	$(BIN)/tegum atlas --merge out/atlas/atlas.json out/atlas-study/atlas.json --out out/atlas/shipped.json
	cp out/atlas/shipped.json compare/atlas/data/atlas.json
	$(BIN)/tegum atlas --page docs/atlas.md >/dev/null

# Minutes: the studies n = 5..8, m = 2..3 over density; writes tests/records/study.json.
atlas-study: setup
	$(BIN)/python tests/atlas_study.py out/atlas-study --record tests/records/study.json

clean:
	rm -rf .venv out build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tegum needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

# These compile the kernels of the loss and of training into numba's cache, so that the first real command is not slow;
# they are also the first proof that the installation works.
.venv/filled: .venv/installed
	$(BIN)/tegum loss examples/five-in-two.toml --weights examples/pentagon.npz --method transform >/dev/null
	$(BIN)/tegum optimum examples/five-in-two.toml >/dev/null
	$(BIN)/python -c 'from tegum import Setting, train; train(Setting(5, 2, 0.1), runs=1, steps=1, device="cpu")'
	@touch $@

.venv/linters: .venv/installed
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
