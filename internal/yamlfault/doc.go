// Package yamlfault decodes a YAML file into a struct and reports everything that is wrong with it
// at once, each fault with file, line and path:
//
//	acme.yaml:12: clients[1].redirect_uris[0]: want text, have a list
//
// It reads less than YAML: one document of mappings, lists and scalars, without anchors, aliases,
// tags, merge keys or repeated keys, so that what a reader sees is what is meant. Unknown keys are
// faults. A fault never shows the value of a secret: those are fields of type secret.Text, and
// nothing that a file or an environment variable was expanded to is quoted here.
package yamlfault
