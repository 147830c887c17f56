raise RuntimeError('cannot start')
