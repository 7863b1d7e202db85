"""面经站的核心：读入、检查、聚合、渲染。除 `hooks/main.py` 外不依赖 mkdocs。"""
