//go:build !race

package federation_test

const slower = 1
