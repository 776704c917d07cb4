package main

import (
	"encoding/hex"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
)

// errorVector is the body of a request for a Pod and what an API server says of it.
type errorVector struct {
	Body string `json:"body"`
	// Message is that of the 400 answer; empty when the body is good.
	Message string `json:"message,omitempty"`
	// Warnings are the unknown and duplicate fields when they are only warned of.
	Warnings []string `json:"warnings,omitempty"`
}

func errorVectors() []errorVector {
	bodies := []string{
		``, ` `, `{`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{"a" 1}`, `{a:1}`, `{'a':1}`, `[`, `[1`, `[1,`, `[1,]`, `[1 2]`, `]`, `}`, `nul`, `nulx`, `tru`, `truu`, `fals`, `-`, `-x`, `01`, `1.`, `1.x`, `1e`, `1e+`, `1ex`, `"`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"\x01\"", "\"\n\"", `{} {}`, `{}x`, `1 2`, "\x00", `{"a":"b" "c":1}`, `{"a":[1}`, `{"a":{]`, `,`, `:`, `{,}`, `{"a":1:2}`,
		`[]`, `1`, `"x"`, `true`, `null`, `{}`, `{"kind":1}`, `{"kind":{}}`, `{"apiVersion":[]}`, `{"kind":null,"apiVersion":null}`, `{"kind":"Pod","kind":"Pod"}`,
		`{"metadata":1}`, `{"metadata":"x"}`, `{"metadata":[]}`, `{"metadata":true}`, `{"metadata":null}`, `{"metadata":{"name":1}}`, `{"metadata":{"name":{}}}`, `{"metadata":{"name":[]}}`, `{"metadata":{"name":true}}`, `{"metadata":{"labels":1}}`, `{"metadata":{"labels":[]}}`, `{"metadata":{"labels":{"a":1}}}`, `{"metadata":{"labels":{"a":{}}}}`, `{"metadata":{"labels":{"a":null}}}`, `{"metadata":{"generation":"1"}}`, `{"metadata":{"generation":1.0}}`, `{"metadata":{"generation":1e2}}`, `{"metadata":{"generation":99999999999999999999}}`, `{"metadata":{"finalizers":"x"}}`, `{"metadata":{"finalizers":[1]}}`, `{"metadata":{"finalizers":[null]}}`, `{"metadata":{"ownerReferences":[{"controller":"x"}]}}`, `{"metadata":{"ownerReferences":[1]}}`, `{"metadata":{"ownerReferences":{}}}`,
		`{"metadata":{"creationTimestamp":1}}`, `{"metadata":{"creationTimestamp":""}}`, `{"metadata":{"creationTimestamp":"x"}}`, `{"metadata":{"creationTimestamp":"2024"}}`, `{"metadata":{"creationTimestamp":"2024-13-01T00:00:00Z"}}`, `{"metadata":{"creationTimestamp":"2024-02-30T00:00:00Z"}}`, `{"metadata":{"creationTimestamp":"2024-02-03T24:00:00Z"}}`, `{"metadata":{"creationTimestamp":"2024-02-03T00:60:00Z"}}`, `{"metadata":{"creationTimestamp":"2024-02-03T00:00:00"}}`, `{"metadata":{"creationTimestamp":"2024-02-03T00:00:00Zx"}}`, `{"metadata":{"creationTimestamp":"2024-02-03 00:00:00Z"}}`, `{"metadata":{"creationTimestamp":"2024-02-03T00:00:00.123456789Z"}}`, `{"metadata":{"creationTimestamp":"2024-02-03T00:00:00+01:30"}}`, `{"metadata":{"creationTimestamp":"2024-02-03T1:00:00Z"}}`, `{"metadata":{"creationTimestamp":{}}}`, `{"metadata":{"creationTimestamp":"2024-02-03T00:00:00+0130"}}`, `{"metadata":{"creationTimestamp":"say \"x\""}}`,
		`{"metadata":{"managedFields":[{"fieldsV1":"x"}]}}`, `{"metadata":{"managedFields":[{"fieldsV1":{"a":[1]}}]}}`,
		`{"spec":{"containers":"x"}}`, `{"spec":{"containers":{}}}`, `{"spec":{"containers":[1]}}`, `{"spec":{"containers":[[]]}}`, `{"spec":{"containers":[{"ports":"x"}]}}`, `{"spec":{"containers":[{"ports":[{"containerPort":"80"}]}]}}`, `{"spec":{"containers":[{"ports":[{"containerPort":80.5}]}]}}`, `{"spec":{"containers":[{"ports":[{"containerPort":99999999999}]}]}}`, `{"spec":{"containers":[{"env":[{"name":"A","value":1}]}]}}`, `{"spec":{"containers":[{"name":"a"},{"name":1}]}}`, `{"spec":{"containers":[{"name":"a"},5]}}`, `{"spec":{"containers":[null]}}`, `{"spec":{"containers":[{"resources":{"limits":{"cpu":"x"}}}]}}`, `{"spec":{"containers":[{"resources":{"limits":{"cpu":"1Zi"}}}]}}`, `{"spec":{"containers":[{"resources":{"limits":{"cpu":{}}}}]}}`, `{"spec":{"containers":[{"resources":{"limits":{"cpu":0.5}}}]}}`, `{"spec":{"containers":[{"resources":{"limits":{"cpu":null}}}]}}`, `{"spec":{"containers":[{"resources":{"limits":[]}}]}}`, `{"spec":{"containers":[{"resources":{"limits":"x"}}]}}`, `{"spec":{"containers":[{"readinessProbe":{"httpGet":{"port":true}}}]}}`, `{"spec":{"containers":[{"readinessProbe":{"httpGet":{"port":1.5}}}]}}`, `{"spec":{"containers":[{"readinessProbe":{"httpGet":{"port":{}}}}]}}`, `{"spec":{"containers":[{"readinessProbe":{"httpGet":1}}]}}`, `{"spec":{"containers":[{"livenessProbe":{"periodSeconds":"x"}}]}}`, `{"spec":{"volumes":[{"name":"x","emptyDir":"y"}]}}`, `{"spec":{"volumes":[{"emptyDir":{"sizeLimit":"x"}}]}}`, `{"spec":{"hostNetwork":"true"}}`, `{"spec":{"priority":"1"}}`, `{"spec":{"nodeName":5}}`, `{"spec":{"terminationGracePeriodSeconds":"30"}}`,
		`{"foo":1}`, `{"Spec":{}}`, `{"spec":{"foo":1}}`, `{"spec":{"foo":{"bar":[{"baz":1}]}}}`, `{"spec":{"containers":[{"foo":1},{"bar":2}]}}`, `{"spec":{"containers":[{"name":"a","name":"b"}]}}`, `{"spec":{},"spec":{}}`, `{"metadata":{"labels":{"a":"1","a":"2"}}}`, `{"foo":1,"foo":2}`, `{"spec":{"containers":[{"x y":1,"\"":2,"a.b":3}]}}`, `{"spec":{"volumes":[{"name":"x","configMap":{"name":"y","nope":1},"emptyDir":{"nope":2}}]}}`, `{"spec":{"containers":[{"readinessProbe":{"httpGet":{"nope":1},"nope":2}}]}}`, `{"é":1}`, `{"metadata":{"Name":"x"}}`, `{"spec":{"containers":[{"ports":[{},{"hostPort":1,"hostPort":2}]}]}}`, `{"metadata":{"managedFields":[{"fieldsV1":{"a":1,"a":2}}]}}`, `{"spec":{"foo":1,"nodeName":5}}`,
	}
	var vectors []errorVector
	for _, body := range bodies {
		vectors = append(vectors, errorVectorOf(body))
	}
	return vectors
}

func errorVectorOf(body string) errorVector {
	gvk := corev1.SchemeGroupVersion.WithKind("Pod")
	serializer := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Strict: true})
	_, found, err := serializer.Decode([]byte(body), &gvk, &corev1.Pod{})
	vector := errorVector{Body: body}
	if err == nil {
		return vector
	}
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		for _, problem := range strict.Errors() {
			vector.Warnings = append(vector.Warnings, problem.Error())
		}
	}
	// As the API server words it.
	if found != nil && len(found.Kind) > 0 {
		vector.Message = fmt.Sprintf("%s in version %q cannot be handled as a Pod: %v", found.Kind, found.Version, err)
	} else {
		vector.Message = fmt.Sprintf("the object provided is unrecognized (must be of type Pod): %v (%s)", err, summary(body))
	}
	return vector
}

func summary(body string) string {
	const shown = 30
	if len(body) == 0 {
		return "<empty>"
	}
	text := func(s string) string { return hex.EncodeToString([]byte(s)) }
	if strings.HasPrefix(body, "{") {
		text = func(s string) string { return s }
	}
	if len(body) > shown {
		return text(body[:shown]) + " ..."
	}
	return text(body)
}
