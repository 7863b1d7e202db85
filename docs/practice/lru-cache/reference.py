class Node:
    def __init__(self, key=None, value=None):
        self.key, self.value, self.prev, self.next = key, value, self, self


class LRUCache:
    def __init__(self, capacity):
        self.capacity, self.nodes = capacity, {}
        self.head = Node()  # 哨兵：next 是最新，prev 是最旧

    def _unlink(self, node):
        node.prev.next, node.next.prev = node.next, node.prev

    def _push_front(self, node):
        node.prev, node.next = self.head, self.head.next
        node.prev.next = node.next.prev = node

    def get(self, key):
        if key not in self.nodes:
            return -1
        node = self.nodes[key]
        self._unlink(node)
        self._push_front(node)  # 读也算用过
        return node.value

    def put(self, key, value):
        if self.capacity == 0:
            return
        if key in self.nodes:
            node = self.nodes[key]
            self._unlink(node)
            node.value = value
        else:
            node = Node(key, value)
            if len(self.nodes) >= self.capacity:
                oldest = self.head.prev
                self._unlink(oldest)
                del self.nodes[oldest.key]
            self.nodes[key] = node
        self._push_front(node)  # 写也算用过
