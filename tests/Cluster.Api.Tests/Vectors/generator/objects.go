package main

import (
	"bytes"
	"encoding/json"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
)

// objectVector is one object in both encodings.
type objectVector struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Shape is "full", "empty" or "odd".
	Shape string `json:"shape"`
	JSON  string `json:"json"`
	// Protobuf is the object in the envelope.
	Protobuf []byte `json:"protobuf"`
}

func objectVectors() []objectVector {
	var vectors []objectVector
	for _, gvk := range servedKinds() {
		for _, shape := range []string{"full", "empty", "odd"} {
			vectors = append(vectors, objectVectorOf(gvk, shape))
		}
	}
	return vectors
}

func objectVectorOf(gvk schema.GroupVersionKind, shape string) objectVector {
	object, err := scheme.New(gvk)
	check(err)
	value := reflect.ValueOf(object).Elem()
	if shape != "empty" {
		(&filler{odd: shape == "odd"}).fill(value, gvk.Kind)
	} else if items := itemsOf(object); items.IsValid() {
		// As API servers do.
		makeEmpty(items)
	}
	object.GetObjectKind().SetGroupVersionKind(gvk)
	return objectVector{gvk.GroupVersion().String(), gvk.Kind, shape, string(toJSON(object)), toProtobuf(object)}
}

func toJSON(object runtime.Object) []byte {
	text, err := json.Marshal(object)
	check(err)
	return text
}

func toProtobuf(object runtime.Object) []byte {
	var buffer bytes.Buffer
	check(protobuf.NewSerializer(scheme, scheme).Encode(object, &buffer))
	return buffer.Bytes()
}

func itemsOf(object runtime.Object) reflect.Value {
	return reflect.ValueOf(object).Elem().FieldByName("Items")
}

func makeEmpty(list reflect.Value) {
	list.Set(reflect.MakeSlice(list.Type(), 0, 0))
}
