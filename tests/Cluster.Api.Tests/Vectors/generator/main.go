// Makes the vectors that prove Cluster's codecs against Go's own encoders. See README.md for how to run it.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: generator make|verify DIRECTORY")
	}
	directory := os.Args[2]
	switch os.Args[1] {
	case "make":
		write(directory, "objects.json", objectVectors())
		write(directory, "quantities.json", quantityVectors())
		write(directory, "patches.json", patchVectors())
		write(directory, "yaml.json", yamlVectors())
		write(directory, "errors.json", errorVectors())
		write(directory, "rules.json", ruleVectors())
		write(directory, "schema.json", schemaVectors())
		write(directory, "apply.json", applyVectors())
	case "verify":
		write(directory, "verified.json", verify(directory))
	default:
		log.Fatalf("unknown command %s", os.Args[1])
	}
}

// write puts one vector on a line, so that differences can be read.
func write[T any](directory, name string, vectors []T) {
	file, err := os.Create(filepath.Join(directory, name))
	check(err)
	defer file.Close()
	fmt.Fprint(file, "[\n")
	for i, vector := range vectors {
		line, err := json.Marshal(vector)
		check(err)
		end := ",\n"
		if i == len(vectors)-1 {
			end = "\n"
		}
		fmt.Fprintf(file, "%s%s", line, end)
	}
	fmt.Fprint(file, "]\n")
	log.Printf("%s: %d vectors", name, len(vectors))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
