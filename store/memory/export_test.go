package memory

// Depth is the depth of a store's tree.
func Depth(s *Store) int { return depth(s.state.Load().tree.root) }

func depth(n *node) int {
	if n == nil {
		return 0
	}
	return 1 + max(depth(n.left), depth(n.right))
}
