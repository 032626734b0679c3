// Package server wires the packages of patchbay into one process: state, keys, registry, legacy
// directory, engine and provider. It holds no decisions of its own.
package server
