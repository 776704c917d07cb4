package main

import (
	"fmt"
	"sort"
	"strings"

	"k8s.io/client-go/applyconfigurations"
	smd "sigs.k8s.io/structured-merge-diff/schema"
)

// schemaVector is how one type is merged: its fields, each with the form of its value.
type schemaVector struct {
	Type   string   `json:"type"`
	Atomic bool     `json:"atomic,omitempty"`
	Fields []string `json:"fields"`
}

func schemaVectors() []schemaVector {
	packages := map[string]bool{}
	for _, gvk := range servedKinds() {
		packages[strings.Replace(strings.ReplaceAll(scheme.AllKnownTypes()[gvk].PkgPath(), "/", "."), "k8s.io", "io.k8s", 1)+"."] = true
	}
	var vectors []schemaVector
	schema := applyconfigurations.NewTypeConverter(scheme).TypeResolver.Type("io.k8s.api.core.v1.Pod").Schema
	for _, def := range schema.Types {
		if def.Map == nil || !packages[strings.TrimSuffix(def.Name, def.Name[strings.LastIndex(def.Name, ".")+1:])] || strings.HasSuffix(def.Name, ".FieldsV1") {
			continue
		}
		vector := schemaVector{Type: def.Name, Atomic: def.Map.ElementRelationship == smd.Atomic, Fields: []string{}}
		for _, field := range def.Map.Fields {
			form := formOf(field.Type)
			switch field.Default.(type) {
			case string, bool, int, int64, float64:
				form += " default " + text(field.Default)
			}
			vector.Fields = append(vector.Fields, field.Name+" "+form)
		}
		sort.Strings(vector.Fields)
		vectors = append(vectors, vector)
	}
	sort.Slice(vectors, func(i, j int) bool { return vectors[i].Type < vectors[j].Type })
	return vectors
}

func formOf(ref smd.TypeRef) string {
	relationship := ""
	if ref.ElementRelationship != nil {
		relationship = " " + string(*ref.ElementRelationship)
	}
	if ref.NamedType != nil {
		return *ref.NamedType + relationship
	}
	switch atom := ref.Inlined; {
	case atom.List != nil:
		kind := string(atom.List.ElementRelationship)
		if kind == "associative" && len(atom.List.Keys) == 0 {
			kind = "set"
		} else if kind == "associative" {
			kind = "by " + strings.Join(atom.List.Keys, ",")
		}
		return fmt.Sprintf("list %s of %s%s", kind, formOf(atom.List.ElementType), relationship)
	case atom.Map != nil:
		kind := string(atom.Map.ElementRelationship)
		if kind == "" {
			kind = "separable"
		}
		return fmt.Sprintf("map %s of %s%s", kind, formOf(atom.Map.ElementType), relationship)
	default:
		return string(*atom.Scalar)
	}
}
