package bolt_test

const sysRenameat2 = 316
