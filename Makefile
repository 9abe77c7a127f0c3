# Every target sets up what it needs in .venv first; nothing is installed anywhere else.
#   make demo PYTHON=python3.12    chooses the interpreter (3.10 to 3.13) that .venv is made with

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
TORCH  := $(shell grep '^torch==' constraints.txt)

# .venv holds a whole ROS 2 of its own: a sourced one must not shine through and mix with it.
unexport PYTHONPATH PYTHONHOME LD_LIBRARY_PATH AMENT_PREFIX_PATH COLCON_PREFIX_PATH RMW_IMPLEMENTATION ROS_DISTRO

# Nothing reaches out: not to a model hub, not to robots on the same network, not to a display.
export HF_HUB_OFFLINE := 1
export ROS_AUTOMATIC_DISCOVERY_RANGE := LOCALHOST
export MPLBACKEND := Agg
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export PIP_NO_COMPILE := 1
export PYTHONUNBUFFERED := 1
# Threads that wait must not spin: where several tests share the cores, spinning starves them all.
test test-slow soak test-oldest test-jazzy: export OMP_WAIT_POLICY := passive

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
.PHONY: help setup demo bench scale test test-slow soak test-oldest test-jazzy lint format embedded ablation clean

help:
	@echo "make setup      virtual environment in .venv with everything, ROS 2 included"
	echo "make demo       a rendered bag through the real node: table and images in out/demo"
	echo "make test       lint and tests"
	echo "make test-slow  the tests that take minutes"
	echo "make soak       10,000 frames through the node: memory and drops"
	echo "make test-oldest  the tests that need no ROS, with the oldest torch, transformers, NumPy... admitted"
	echo "make test-jazzy  the ROS tests with the rclpy of Jazzy and NumPy 1, also with fields checked as on Humble"
	echo "make lint       ruff and mypy; make format lets ruff rewrite"
	echo "make embedded   trains the embedded model anew, in runs/; hours on two cores"
	echo "make ablation   what each part of the training recipe contributes: docs/ablation.md"

setup: $(STAMP)

$(STAMP): setup.py package.xml constraints.txt
	@fail() { echo "setup: $$1" >&2; exit 1; }
	[ "$$(uname -sm)" = "Linux x86_64" ] ||
		fail "the ROS 2 wheels exist for Linux on x86-64 only, this is $$(uname -sm); use a ROS 2 installation (README)"
	command -v $(PYTHON) >/dev/null || fail "$(PYTHON) not found: sudo apt-get install python3 python3-venv"
	$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' ||
		fail "Python 3.10 to 3.13 is needed, $(PYTHON) is $$($(PYTHON) -V); choose another with make PYTHON=python3.12"
	command -v c++ >/dev/null || echo "setup: no C++ compiler, torch.compile will not work: sudo apt-get install g++" >&2
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then
		echo "==> Virtual environment in $(VENV), $$($(PYTHON) -V)"
		rm -rf $(VENV)
		if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then
			$(PYTHON) -m venv $(VENV)
		elif $(PYTHON) -m pip --version >/dev/null 2>&1; then  # Debian without python3-venv: pip fills the venv itself
			$(PYTHON) -m venv --without-pip $(VENV)
			$(PYTHON) -m pip install --quiet --target "$$(echo $(VENV)/lib/python3.*/site-packages)" pip
		else
			fail "this Python cannot make virtual environments: sudo apt-get install python3-venv"
		fi
	fi
	echo "==> $(TORCH) (the largest download)"
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	echo "==> Everything else, at the versions of constraints.txt"
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[ros,embedded,openvino,train,eval,onnx,dev]'
	touch $@
	echo "==> Ready: $(BIN)/tr2m --help"

demo: setup
	@$(BIN)/python -m tr2m_ros.demo -o out/demo

scale: setup
	@$(BIN)/python -m tr2m_core.eval.scale_table

bench: setup
	@$(BIN)/tr2m benchmark

# Four groups at a time, for the ROS tests mostly wait; the others get one thread. What counts every frame needs both
# cores.
TRANSPORT := test/ros/test_transport.py
define TEST_GROUPS
core test/core/test_[a-l]*.py
core2 test/core/test_[m-z]*.py
ros test/ros/test_[a-d]*.py
ros2 $(filter-out $(TRANSPORT),$(wildcard test/ros/test_[e-z]*.py))
cli test/cli/test_[a-i]*.py
cli2 test/cli/test_[j-z]*.py
lint
endef
export TEST_GROUPS

test: setup
	@mkdir -p out
	run() {
		[[ "$$1" = ros* ]] || export OMP_NUM_THREADS=1
		if [ "$$1" = lint ]; then
			$(MAKE) --no-print-directory lint
		else
			$(BIN)/python -m pytest -m "not slow" $${@:2}
		fi > out/test-$$1.log 2>&1
	}
	export -f run
	failed=0
	echo "==> Tests; their output follows at the end, and is in out/test-*.log"
	xargs -P 4 -I {} bash -c 'run {}' <<< "$$TEST_GROUPS" || failed=1
	tail -v -n +1 out/test-*.log
	$(BIN)/python -m pytest $(TRANSPORT) || failed=1
	env -u OMP_WAIT_POLICY $(BIN)/tr2m benchmark --quick --no-node --least 1.3 || failed=1
	exit $$failed

# Everything that setup.py admits at its lower bound, without ROS: Python 3.10 to 3.12, gigabytes to download.
OLDEST       := .venv-oldest
OLDEST_STAMP := $(OLDEST)/.installed

test-oldest: $(OLDEST_STAMP)
	@$(OLDEST)/bin/python -m pytest -m "not slow" test/core test/cli

$(OLDEST_STAMP): setup.py
	@rm -rf $(OLDEST)
	$(PYTHON) -m venv $(OLDEST)
	bounds=$$(sed -n 's/^    "\([a-z0-9_-]*\)>=\([0-9.]*\)",.*/\1==\2/p' setup.py)
	echo "==> Oldest:" $$bounds
	$(OLDEST)/bin/python -m pip install --quiet $$(grep '^torch==' <<< "$$bounds")
	$(OLDEST)/bin/python -m pip install --quiet $$bounds -e '.[embedded,openvino,train,eval,onnx,dev]'
	touch $@

# Jazzy's wheels in place of setup.py's [ros], with the NumPy of Ubuntu 24.04. Humble checks every field on assignment.
JAZZY       := .venv-jazzy
JAZZY_STAMP := $(JAZZY)/.installed
JAZZY_ROS   := ros-rclpy[fastrtps]==7.1.6 ros-lifecycle-msgs==2.0.3 ros-rcl-interfaces==2.0.3 \
	$(patsubst %,ros-%==5.3.6,diagnostic-msgs geometry-msgs sensor-msgs std-msgs std-srvs)

test-jazzy: $(JAZZY_STAMP)
	@$(JAZZY)/bin/python -m pytest -m "not slow" test/ros
	echo "==> Again with ROS_PYTHON_CHECK_FIELDS=1"
	ROS_PYTHON_CHECK_FIELDS=1 $(JAZZY)/bin/python -m pytest -m "not slow" test/ros

$(JAZZY_STAMP): setup.py constraints.txt
	@rm -rf $(JAZZY)
	$(PYTHON) -m venv $(JAZZY)
	echo "==> Jazzy: $(JAZZY_ROS)"
	$(JAZZY)/bin/python -m pip install --quiet "$(TORCH)"
	grep -vE '^(ros-|numpy==|opencv-|ml-dtypes==)' constraints.txt > $(JAZZY)/constraints.txt
	$(JAZZY)/bin/python -m pip install --quiet -c $(JAZZY)/constraints.txt 'numpy==1.26.*' \
		$(JAZZY_ROS) -e '.[embedded,openvino,dev]'
	touch $@

test-slow: setup
	@$(BIN)/python -m pytest -m slow

soak: setup
	@$(BIN)/python -m pytest -m slow test/ros/test_soak.py

lint: setup
	@echo "==> ruff, mypy"
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy --strict tr2m_core tr2m_ros

format: setup
	@$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

# Each stage starts from what the one before it left in runs/; one that is interrupted goes on when called again.
EMBEDDED_STAGES := embedded_relative embedded_text embedded_rescale

embedded: setup
	@for stage in $(EMBEDDED_STAGES); do
		[ -f runs/$$stage/checkpoints/last.pt ] && from="--resume" || from="--output"
		$(BIN)/tr2m train config/train/$$stage.yaml $$from runs/$$stage
	done
	echo "==> runs/embedded_rescale/model; compare: tr2m evaluate procedural --model runs/embedded_rescale/model"

ablation: setup
	@$(BIN)/python -m tr2m_core.train.ablation config/train/ablation.yaml -o runs/ablation --docs docs

clean:
	@rm -rf $(VENV) $(OLDEST) $(JAZZY) build install log out .pytest_cache .mypy_cache .ruff_cache ./*.egg-info
