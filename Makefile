# Every target is a command of run.py, which works on Windows too: python run.py test
PYTHON ?= python3

.PHONY: run test check licences e2e kill services bench figures demo-checkpoint demo-encoder demo-round pod-smoke set-up

run:
	@$(PYTHON) run.py

test check licences e2e kill services bench figures demo-checkpoint demo-encoder demo-round pod-smoke set-up:
	@$(PYTHON) run.py $@
