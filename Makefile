# make check    what every commit must pass: the linters, the Rust tests and the Python tests of the core. It needs neither torch
#               nor MindSpore, and takes a few minutes
# make test     all tests, on numpy 2 and numpy 1.26 (the first run also installs torch in both, about 5 GB each, and
#               MindSpore, which needs numpy 1.26: 15 GB of disk in all)
# make test-torch TORCH=2.6.0
#               the tests of glidepath.torch on another version of PyTorch, in an environment that is removed afterwards
#               (5 GB of disk meanwhile); WITH="lightning accelerate" installs more packages there
# make test-dialects
#               compare every name of glidepath.dialects with the library itself, in two environments that are removed
#               afterwards (10 GB of disk meanwhile): the libraries in the versions that docs/dialects.md names
# make demo     compute 100 million steps of Llama 3's schedule, check and plot them, and time it
# make pictures draw the pictures of the documents
# make bench    print the table of measured ratios and their bars
# make peers    compare other libraries' schedules with glidepath's: time, and how many values are the right ones
# make asv      run the asv suite on the installed build, offline, and keep its results in build/asv, by the commit
# make asv-compare OLD=<commit> NEW=<commit>
#               compare the results of two commits that `make asv` has kept
# make migrate  train the same network in PyTorch and in MindSpore, and print how far each pair of optimizers is apart
# make exact    compare a million points a leaf with big floats, with ==
# make fuzz     run random cases of every topic, ten minutes each (`make fuzz SECONDS=60`)
# make soak     ten minutes of random calls, threads, forks and interrupts; the memory must stay as it is
#
# No set-up is needed: the first run makes .venv (numpy 2) and .venv-np1 (numpy 1.26), builds one wheel and installs it in
# both. A file *.stamp records that its step is done.

PYTHON ?= python3
CARGO ?= cargo
WHEELS := build/wheels
NP2 := .venv
NP1 := .venv-np1
BIN := $(NP2)/bin

export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

SOURCES := $(shell find src python -type f -not -name '*.so' -not -name '*.pyc') Cargo.toml $(wildcard Cargo.lock) \
	pyproject.toml README.md LICENSE

.PHONY: check test lint-rust test-rust lint-style lint-types test-core test-python test-sdist test-torch test-dialects demo pictures bench peers asv asv-compare migrate exact fuzz soak clean
.DELETE_ON_ERROR:

check: lint-rust test-rust lint-style test-core

test: lint-rust test-rust lint-style lint-types test-python test-sdist

# ------------------------------------------------------------------------------------------------------- what is run

lint-rust: $(NP2)/tools.stamp
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --all-targets --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --no-deps

test-rust:
	$(CARGO) test --no-default-features

lint-style: $(NP2)/ready.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-types: $(NP2)/torch.stamp $(NP2)/installed.stamp
	$(BIN)/mypy --strict python/glidepath
	$(BIN)/stubtest glidepath._core --mypy-config-file pyproject.toml

test-core: $(NP2)/installed.stamp
	$(BIN)/python -m pytest tests/core

test-python: $(NP2)/torch.stamp $(NP2)/installed.stamp $(NP1)/mindspore.stamp $(NP1)/installed.stamp
	$(BIN)/python -m pytest
	$(NP1)/bin/python -m pytest --ignore=tests/dialects/torch

# Without a wheel, pip builds the sdist. Here it is built without optimisation, which is the same code in a fifth of the time.
# All files in an sdist have the same date, so Cargo would not see that they changed. So `cargo clean` removes the results of
# this package, and keeps those of its dependencies.
test-sdist: build/sdist.stamp

build/sdist.stamp: $(NP2)/tools.stamp $(SOURCES)
	rm -rf build/sdist
	$(BIN)/maturin sdist --out build/sdist
	$(PYTHON) -m venv build/sdist/venv
	$(CARGO) clean --quiet --release --package glidepath --target-dir target/sdist
	CARGO_TARGET_DIR=$(CURDIR)/target/sdist CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off PYO3_PYTHON= \
		build/sdist/venv/bin/python -m pip install --quiet build/sdist/*.tar.gz
	cd build/sdist && venv/bin/python -I -c "import glidepath as gp; assert gp.linear(0.0, 1.0, 4)[1] == 0.25, gp"
	build/sdist/venv/bin/glidepath --version
	touch $@

TORCH ?= 2.15.0
WITH ?=
OTHER := build/torch-$(TORCH)

test-torch: build/wheel.stamp
	@trap 'rm -rf $(OTHER)' EXIT; trap 'exit 130' INT TERM; set -ex; rm -rf $(OTHER); \
	$(PYTHON) -m venv $(OTHER); \
	$(OTHER)/bin/python -m pip install --quiet --no-cache-dir --no-compile "$$(echo $(WHEELS)/*.whl)[torch]" "torch==$(TORCH)" $(WITH) \
		gmpy2 hypothesis pytest; \
	$(OTHER)/bin/python -c "import numpy, torch; print('torch', torch.__version__, 'numpy', numpy.__version__)"; \
	$(OTHER)/bin/python -m pytest tests/dialects/torch tests/surface/test_docs.py -k torch

# The second list is installed without what it requires: the comparison imports the files with the schedules, and little else.
# megatron-core asks for a newer Python than that file needs. MindFormers needs MindSpore, and so numpy 1.26.
FOLLOWED := "torch==2.13.0" "transformers==5.23.0" "jax==0.10.2" "optax==0.2.8" "keras==3.15.1" "paddlepaddle==3.3.1" \
	addict dacite dataclass-extensions termcolor yapf
FOLLOWED_ALONE := diffusers==0.42.1 deepspeed==0.19.8 timm==1.0.31 torchtitan==0.3.0 nanotron==0.4 mosaicml==0.32.1 \
	llm-foundry==0.22.0 ai2-olmo-core==3.0.0 mmengine==0.10.7 fvcore==0.1.5.post20221221 mindcv==0.3.0 fairseq==0.12.2 nemo_toolkit==3.0.0 thinc==9.1.1 \
	axolotl==0.19.0 open_clip_torch==3.3.0 megatron-core==0.19.2
DIALECTS := build/dialects-venv

test-dialects: build/wheel.stamp
	@trap 'rm -rf $(DIALECTS) $(DIALECTS)-mindspore' EXIT; trap 'exit 130' INT TERM; set -ex; \
	rm -rf $(DIALECTS) $(DIALECTS)-mindspore; \
	$(PYTHON) -m venv $(DIALECTS); \
	$(DIALECTS)/bin/python -m pip install --quiet --no-cache-dir --no-compile $(WHEELS)/*.whl $(FOLLOWED); \
	$(DIALECTS)/bin/python -m pip install --quiet --no-cache-dir --no-compile --no-deps --ignore-requires-python $(FOLLOWED_ALONE); \
	$(PYTHON) -m venv $(DIALECTS)-mindspore; \
	$(DIALECTS)-mindspore/bin/python -m pip install --quiet --no-cache-dir --no-compile $(WHEELS)/*.whl "numpy==1.26.*" \
		"mindspore==2.10.0"; \
	$(DIALECTS)-mindspore/bin/python -m pip install --quiet --no-cache-dir --no-compile --no-deps mindformers==2.1.0; \
	$(DIALECTS)/bin/python tests/library_values.py --without mindformers; \
	$(DIALECTS)/bin/python tests/library_live.py; \
	GLOG_v=3 $(DIALECTS)-mindspore/bin/python tests/library_values.py mindformers

demo: $(NP2)/installed.stamp
	$(BIN)/python benches/demo.py

pictures: $(NP2)/installed.stamp
	$(BIN)/python docs/pictures.py

bench: $(NP2)/torch.stamp $(NP2)/installed.stamp $(NP1)/mindspore.stamp $(NP1)/installed.stamp
	$(BIN)/python benches/table.py
	$(NP1)/bin/python benches/mindspore_table.py

peers: $(NP2)/torch.stamp $(NP2)/installed.stamp $(NP1)/mindspore.stamp $(NP1)/installed.stamp
	$(BIN)/python -W ignore benches/side_by_side.py
	GLOG_v=3 $(NP1)/bin/python -W ignore benches/side_by_side.py benches/peers/mindspore_lists.py

asv: $(NP2)/installed.stamp
	$(BIN)/asv machine --yes --config benches/asv.conf.json >/dev/null
	$(BIN)/asv run --config benches/asv.conf.json --environment existing:$(CURDIR)/$(BIN)/python --show-stderr \
		--set-commit-hash $$(git rev-parse HEAD) $(if $(BENCH),--bench $(BENCH))

OLD ?= HEAD~1
NEW ?= HEAD
asv-compare: $(NP2)/ready.stamp
	$(BIN)/asv compare --config benches/asv.conf.json $$(git rev-parse $(OLD)) $$(git rev-parse $(NEW))

migrate: $(NP1)/mindspore.stamp $(NP1)/installed.stamp
	GLOG_v=3 $(NP1)/bin/python tests/migration.py

exact: $(NP2)/installed.stamp
	$(BIN)/python tests/exactness.py

# The topics that need MindSpore run on numpy 1.26.
SECONDS ?= 600
fuzz: $(NP2)/torch.stamp $(NP2)/installed.stamp $(NP1)/mindspore.stamp $(NP1)/installed.stamp
	$(BIN)/python tests/fuzz.py --seconds $(SECONDS)
	$(NP1)/bin/python tests/fuzz.py --seconds $(SECONDS)

soak: $(NP2)/installed.stamp
	$(BIN)/python tests/soak.py --seconds $(SECONDS)

clean:
	rm -rf build $(NP2) $(NP1) target

# --------------------------------------------------------------------------------------------------------- set-up

$(NP2)/tools.stamp:
	$(PYTHON) -m venv $(NP2)
	$(BIN)/python -m pip install --quiet "maturin>=1.16,<2"
	touch $@

build/wheel.stamp: $(NP2)/tools.stamp $(SOURCES)
	rm -rf $(WHEELS)
	$(BIN)/maturin build --quiet --release --interpreter $(BIN)/python --out $(WHEELS)
	touch $@

# Install the dependencies, again after a change of pyproject.toml. Then install the wheel, again after each build.
$(NP2)/ready.stamp: pyproject.toml | build/wheel.stamp
	$(BIN)/python -m pip install --quiet "numpy>=2" "$$(echo $(WHEELS)/*.whl)[dev]"
	touch $@

$(NP1)/ready.stamp: pyproject.toml | build/wheel.stamp
	$(PYTHON) -m venv $(NP1)
	$(NP1)/bin/python -m pip install --quiet "numpy==1.26.*" "$$(echo $(WHEELS)/*.whl)[dev]"
	touch $@

%/installed.stamp: %/ready.stamp build/wheel.stamp
	$*/bin/python -m pip install --quiet --force-reinstall --no-deps $(WHEELS)/*.whl
	touch $@

# torch too: a recipe is moved from one framework to the other, and both train it.
$(NP1)/mindspore.stamp: $(NP1)/ready.stamp
	$(NP1)/bin/python -m pip install --quiet "mindspore==2.10.0" "torch==2.13.0"
	touch $@

# torch, and the training frameworks and array libraries that the tests use.
$(NP2)/torch.stamp: $(NP2)/ready.stamp
	$(BIN)/python -m pip install --quiet "torch==2.13.0" "lightning==2.6.*" "accelerate==1.15.*" \
		"transformers==5.23.*" "pytorch-ignite==0.5.*" "skorch==1.4.*" \
		"jax>=0.6" "optax>=0.2" "keras>=3" "dask[array,distributed]>=2025" "zarr>=3" "safetensors>=0.5" "tensorboard>=2.17"
	touch $@
