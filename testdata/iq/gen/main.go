// Command gen writes ../seed.sql: the same text whenever and wherever it runs.
package main

import (
	"log"
	"os"
)

func main() {
	text, err := generate()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("seed.sql", []byte(text), 0o644); err != nil {
		log.Fatal(err)
	}
}
