package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
)

// verifiedVector says that Go has read our protobuf and found the object in it.
type verifiedVector struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Shape      string `json:"shape"`
	// SHA256 of our bytes.
	SHA256 string `json:"sha256"`
}

// verify reads DIRECTORY/ours.json, which the tests write: the objects of objects.json in our encoding.
func verify(directory string) []verifiedVector {
	text, err := os.ReadFile(filepath.Join(directory, "ours.json"))
	check(err)
	var ours []objectVector
	check(json.Unmarshal(text, &ours))
	var verified []verifiedVector
	for _, vector := range ours {
		gv, err := schema.ParseGroupVersion(vector.APIVersion)
		check(err)
		gvk := gv.WithKind(vector.Kind)
		want := objectVectorOf(gvk, vector.Shape)
		object, err := scheme.New(gvk)
		check(err)
		_, _, err = protobuf.NewSerializer(scheme, scheme).Decode(vector.Protobuf, &gvk, object)
		if err != nil {
			log.Fatalf("%s %s: %v", gvk, vector.Shape, err)
		}
		object.GetObjectKind().SetGroupVersionKind(gvk)
		if got := normalized(object); got != want.JSON {
			log.Fatalf("%s %s:\nwant %s\ngot  %s", gvk, vector.Shape, want.JSON, got)
		}
		sum := sha256.Sum256(vector.Protobuf)
		verified = append(verified, verifiedVector{vector.APIVersion, vector.Kind, vector.Shape, hex.EncodeToString(sum[:])})
	}
	return verified
}

// normalized is the JSON of an object whose empty list of items is one, as API servers have it.
func normalized(object runtime.Object) string {
	return string(toJSON(withItems(object)))
}

func withItems(object runtime.Object) runtime.Object {
	if items := itemsOf(object); items.IsValid() && items.IsNil() {
		makeEmpty(items)
	}
	return object
}
