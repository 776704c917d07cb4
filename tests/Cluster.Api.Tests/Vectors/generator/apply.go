package main

import (
	"encoding/json"
	"errors"
	"sort"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"sigs.k8s.io/structured-merge-diff/fieldpath"
	"sigs.k8s.io/yaml"
)

// applyVector is a history of one object: each step writes what the step before has left.
type applyVector struct {
	Name       string      `json:"name"`
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"`
	Steps      []applyStep `json:"steps"`
}

type applyStep struct {
	// Op is "update" or "apply"; the first of a history creates.
	Op      string `json:"op"`
	Manager string `json:"manager"`
	// Subresource that is written: "", "status"; what it may not write is in Reset.
	Subresource string   `json:"subresource,omitempty"`
	Reset       []string `json:"reset,omitempty"`
	Force       bool     `json:"force,omitempty"`
	// Body is the new object, or the configuration that is applied.
	Body string `json:"body"`
	// Result is the object after it, with its managedFields.
	Result string `json:"result,omitempty"`
	// Status or Error is the refusal, which leaves the object as it was.
	Status string `json:"status,omitempty"`
	Error  string `json:"error,omitempty"`
}

// firstSecond is the time of the first step; each later one is a second after the one before.
const firstSecond = 1700000000

// history runs steps through Kubernetes' own field manager, as the API server of one version does.
type history struct {
	vector applyVector
	gvk    schema.GroupVersionKind
	live   runtime.Object
}

func newHistory(name string, gvk schema.GroupVersionKind) *history {
	live, err := scheme.New(gvk)
	check(err)
	live.GetObjectKind().SetGroupVersionKind(gvk)
	return &history{applyVector{Name: name, APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind}, gvk, live}
}

func (h *history) run(step applyStep) {
	manager, err := managedfields.NewDefaultFieldManager(typeConverter, converter{}, noDefaults{}, creater{}, h.gvk, h.gvk.GroupVersion(),
		step.Subresource, map[fieldpath.APIVersion]fieldpath.Filter{fieldpath.APIVersion(h.gvk.GroupVersion().String()): filterOf(step.Reset)})
	check(err)
	live := h.live.DeepCopyObject()
	var result runtime.Object
	if step.Op == "apply" {
		result, err = manager.Apply(live, parse(step.Body), step.Manager, step.Force)
	} else {
		updated, fromErr := converter{}.ConvertToVersion(parse(step.Body), h.gvk.GroupVersion())
		check(fromErr)
		result, err = manager.Update(live, updated, step.Manager)
	}
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &status):
		refusal := status.Status()
		// Go asks the owners in any order.
		if refusal.Details != nil {
			sort.SliceStable(refusal.Details.Causes, func(i, j int) bool { return refusal.Details.Causes[i].Message < refusal.Details.Causes[j].Message })
		}
		step.Status = text(refusal)
	case err != nil:
		step.Error = err.Error()
	default:
		h.keep(result, len(h.vector.Steps))
		step.Result = string(toJSON(h.live))
	}
	h.vector.Steps = append(h.vector.Steps, step)
}

// keep makes the result the live object: stored, with a uid, and with the step's second as the time of what it has written.
func (h *history) keep(result runtime.Object, step int) {
	object, err := converter{}.ConvertToVersion(result, h.gvk.GroupVersion())
	check(err)
	accessor, err := meta.Accessor(object)
	check(err)
	entries := accessor.GetManagedFields()
	for i := range entries {
		if entries[i].Time != nil && entries[i].Time.Year() > 2023 {
			now := metav1.Unix(firstSecond+int64(step), 0).Rfc3339Copy()
			entries[i].Time = &now
		}
	}
	// By time, as they would have been at that time.
	sort.SliceStable(entries, func(i, j int) bool {
		a, b := entries[i], entries[j]
		if a.Operation != b.Operation {
			return a.Operation < b.Operation
		}
		return seconds(a.Time) < seconds(b.Time)
	})
	accessor.SetManagedFields(entries)
	accessor.SetUID("u1")
	h.live = object
}

func seconds(t *metav1.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

func filterOf(reset []string) fieldpath.Filter {
	set := fieldpath.NewSet()
	for _, path := range reset {
		parts := []any{}
		for _, part := range strings.Split(path, ".") {
			parts = append(parts, part)
		}
		set.Insert(fieldpath.MakePathOrDie(parts...))
	}
	return fieldpath.NewExcludeSetFilter(set)
}

func parse(body string) *unstructured.Unstructured {
	object := map[string]any{}
	check(yaml.Unmarshal([]byte(body), &object))
	return &unstructured.Unstructured{Object: object}
}

var typeConverter = applyconfigurations.NewTypeConverter(scheme)

// converter makes Go structs of whatever comes; of kinds with one version there is nothing else to convert.
type converter struct{}

func (converter) Convert(in, out, context any) error { return errors.New("not used") }

func (converter) ConvertFieldLabel(gvk schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

func (converter) ConvertToVersion(in runtime.Object, target runtime.GroupVersioner) (runtime.Object, error) {
	gvk := in.GetObjectKind().GroupVersionKind()
	if wanted, ok := target.(schema.GroupVersion); ok && wanted != gvk.GroupVersion() {
		return nil, runtime.NewNotRegisteredErrForTarget("scheme", nil, target)
	}
	from, ok := in.(*unstructured.Unstructured)
	if !ok {
		return in, nil
	}
	object, err := scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text(from.Object)), object); err != nil {
		return nil, err
	}
	object.GetObjectKind().SetGroupVersionKind(gvk)
	return object, nil
}

type creater struct{}

func (creater) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	object, err := scheme.New(gvk)
	if err == nil {
		object.GetObjectKind().SetGroupVersionKind(gvk)
	}
	return object, err
}

type noDefaults struct{}

func (noDefaults) Default(runtime.Object) {}
