# make report：从零到演示报告。make test：全部测试。make lab：打开笔记本。
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: report test lab bench validate docs lint lock clean

report: $(READY)
	$(BIN)/kamen demo

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal

lab: $(READY)
	$(BIN)/jupyter lab notebooks

bench: $(READY)
	$(BIN)/python benchmarks/bench.py

docs: $(READY)
	$(BIN)/mkdocs build --strict --quiet
	@echo "使用指南：build/docs/index.html"

validate: $(READY)
	$(BIN)/python benchmarks/validate.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 或更新（可用 make PYTHON=python3.12 指定）"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "缺少 venv 模块：Debian/Ubuntu 请先 apt install python3-venv"; exit 2; }
	$(PYTHON) -m venv .venv
	@echo "安装依赖（按 requirements.lock 核对摘要；首次约 1–3 分钟）……"
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $@

# 更新锁文件（需要 uv），并使 environment.yml 与之一致
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" -q -o requirements.lock
	$(PYTHON) benchmarks/environment.py

clean:
	rm -rf .venv build *.egg-info data/.cache data/demo
