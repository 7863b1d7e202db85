"""全文搜索的构建端：页面各节 → 词 → 分片的索引。

浏览器端在 `docs/assets/javascripts/search/`。
"""
