package main

import (
	"encoding/json"
	"errors"
	"sort"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ruleVector is what one of Kubernetes' rules says about one input.
type ruleVector struct {
	Rule  string   `json:"rule"`
	Input string   `json:"input"`
	Want  []string `json:"want"`
}

var names = []string{
	"", "a", "A", "ab", "a-b", "-a", "a-", "a.b", "a..b", ".a", "a.", "1a", "a1", "a_b", "_a", "a b", "a\n", "ä", "my-name", "123-abc", "a/b", "a/b/c",
	"/b", "a/", "example.com/Name", "Example.com/Name", "example.com/_n", strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 253),
	strings.Repeat("a", 254), strings.Repeat("a", 64) + ".b", ".", "..", "..a", "a..", "http", "8080", "a--b", "abcdefghijklmnop", "a=b", "$x",
	"1%", "10%", "%", "a%", "X-Header", "X Header", "10.0.0.1", "10.0.0", "300.1.1.1", "::1", "::ffff:10.0.0.1", "fe80::1%eth0", "1:2",
}

var labelSelectors = []string{
	"", "a", "!a", "! a", "a=b", "a==b", "a = b", "a!=b", "a in (b)", "a in (c,b)", "a in (b,b)", "a notin (b, c)", "a in ()", "a in (,)", "a in (,b)",
	"a in (b,)", "a in (b,,c)", "a>1", "a<1", "a>x", "a=", "a!=", "a,b", "b,a=1,!c", "a,", ",a", ",", "a b", "a in b", "a in (b", "a in (=)", "a in (b,=)",
	"a in (b c)", "a=b c", "a=(", "!", "!!a", "!a=b", "a=!b", "=", "(", ")", "a=in", "in in (in)", "in", "notin", "a==", "a>=1", "a=>1", "_a=b", "a=-b",
	"a/b/c=d", "example.com/a=b", "a in (-b)", "a=b,a!=c", "x=1,x=2", strings.Repeat("k", 64), "k=" + strings.Repeat("v", 64), "a\t=\nb", "a!", "a!b",
}

var labelSets = []map[string]string{
	{}, {"a": "b"}, {"a": "c"}, {"a": ""}, {"a": "5"}, {"a": "b", "b": "x"}, {"in": "in"}, {"example.com/a": "b"}, {"x": "1"},
}

var fieldSelectors = []string{
	"", "metadata.name=a", "metadata.name==a", "metadata.name!=a", "metadata.name=a,metadata.namespace!=b", "metadata.name", "metadata.name=a,",
	",metadata.name=a", "metadata.name=", "metadata.name=a\\,b", "metadata.name=a\\=b", "metadata.name=a\\\\", "metadata.name=a\\b", "metadata.name=a=b",
	"metadata.name=a\\",
}

var ages = []int{-2, -1, 0, 1, 119, 120, 121, 599, 600, 3599, 3600, 10799, 10800, 10860, 28799, 28800, 172799, 172800, 176400, 691199, 691200,
	63071999, 63072000, 63158400, 252287999, 252288000, 300000000}

func ruleVectors() []ruleVector {
	var vectors []ruleVector
	add := func(rule, input string, want ...string) {
		sort.Strings(want)
		if want == nil {
			want = []string{}
		}
		vectors = append(vectors, ruleVector{rule, input, want})
	}
	for _, name := range names {
		add("dns1123Label", name, validation.IsDNS1123Label(name)...)
		add("dns1123Subdomain", name, validation.IsDNS1123Subdomain(name)...)
		add("dns1035Label", name, validation.IsDNS1035Label(name)...)
		add("qualifiedName", name, validation.IsQualifiedName(name)...)
		add("labelValue", name, validation.IsValidLabelValue(name)...)
		add("configKey", name, validation.IsConfigMapKey(name)...)
		add("envVarName", name, validation.IsRelaxedEnvVarName(name)...)
		add("portName", name, validation.IsValidPortName(name)...)
		add("httpHeaderName", name, validation.IsHTTPHeaderName(name)...)
		add("percent", name, validation.IsValidPercent(name)...)
		add("ip", name, messages(validation.IsValidIP(field.NewPath("f"), name))...)
		add("quote", name, strconv.Quote(name))
	}
	for _, text := range labelSelectors {
		selector, err := labels.Parse(text)
		if err != nil {
			add("labelSelector", text, "error: "+err.Error())
			continue
		}
		add("labelSelector", text, strings.ReplaceAll(selector.String(), "==", "="))
		matches := ""
		for _, set := range labelSets {
			matches += map[bool]string{true: "1", false: "0"}[selector.Matches(labels.Set(set))]
		}
		add("labelMatch", text, matches)
	}
	for _, text := range fieldSelectors {
		selector, err := fields.ParseSelector(text)
		if err != nil {
			add("fieldSelector", text, "error: "+err.Error())
			continue
		}
		add("fieldSelector", text, selector.String())
	}
	for _, seconds := range ages {
		add("age", strconv.Itoa(seconds), duration.HumanDuration(time.Duration(seconds)*time.Second))
	}
	for _, meta := range metas() {
		add("meta", text(meta), messages(apivalidation.ValidateObjectMeta(&meta, true, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata")))...)
	}
	for _, pair := range metaUpdates() {
		add("metaUpdate", text(pair), messages(apivalidation.ValidateObjectMetaUpdate(&pair[0], &pair[1], field.NewPath("metadata")))...)
	}
	for _, selector := range selectors() {
		add("selectorObject", text(selector), messages(metavalidation.ValidateLabelSelector(&selector, metavalidation.LabelSelectorValidationOptions{}, field.NewPath("s")))...)
	}
	for name, status := range statuses() {
		add("status", name, text(status.Status()))
	}
	sort.SliceStable(vectors, func(i, j int) bool {
		return vectors[i].Rule < vectors[j].Rule || vectors[i].Rule == vectors[j].Rule && vectors[i].Input < vectors[j].Input
	})
	return vectors
}

func metas() []metav1.ObjectMeta {
	yes := true
	good := metav1.ObjectMeta{Name: "a", Namespace: "n"}
	change := func(change func(*metav1.ObjectMeta)) metav1.ObjectMeta {
		meta := *good.DeepCopy()
		change(&meta)
		return meta
	}
	owner := metav1.OwnerReference{APIVersion: "v1", Kind: "Node", Name: "n", UID: "u", Controller: &yes}
	return []metav1.ObjectMeta{
		good,
		change(func(m *metav1.ObjectMeta) { m.Name = "" }),
		change(func(m *metav1.ObjectMeta) { m.Name = "A" }),
		change(func(m *metav1.ObjectMeta) { m.GenerateName = "a-" }),
		change(func(m *metav1.ObjectMeta) { m.GenerateName = "A-" }),
		change(func(m *metav1.ObjectMeta) { m.GenerateName = "a--" }),
		change(func(m *metav1.ObjectMeta) { m.GenerateName = "-" }),
		change(func(m *metav1.ObjectMeta) { m.Namespace = "" }),
		change(func(m *metav1.ObjectMeta) { m.Namespace = "a.b" }),
		change(func(m *metav1.ObjectMeta) { m.Generation = -1 }),
		change(func(m *metav1.ObjectMeta) { m.Labels = map[string]string{"a b": "c d"} }),
		change(func(m *metav1.ObjectMeta) { m.Annotations = map[string]string{"A/b": "x", "a b": "y"} }),
		change(func(m *metav1.ObjectMeta) { m.Finalizers = []string{"a.b/c", "x y/z"} }),
		change(func(m *metav1.ObjectMeta) { m.Finalizers = []string{"orphan", "foregroundDeletion"} }),
		change(func(m *metav1.ObjectMeta) { m.OwnerReferences = []metav1.OwnerReference{{}} }),
		change(func(m *metav1.ObjectMeta) {
			m.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/", Kind: "K", Name: "n", UID: "u"}}
		}),
		change(func(m *metav1.ObjectMeta) { m.OwnerReferences = []metav1.OwnerReference{owner} }),
		change(func(m *metav1.ObjectMeta) {
			m.ManagedFields = []metav1.ManagedFieldsEntry{{Operation: "Guess", FieldsType: "FieldsV2", Manager: "m"}}
		}),
	}
}

func metaUpdates() [][2]metav1.ObjectMeta {
	old := metav1.ObjectMeta{Name: "a", Namespace: "n", UID: "u", ResourceVersion: "1", Generation: 2}
	change := func(change func(after, before *metav1.ObjectMeta)) [2]metav1.ObjectMeta {
		after, before := *old.DeepCopy(), *old.DeepCopy()
		change(&after, &before)
		return [2]metav1.ObjectMeta{after, before}
	}
	return [][2]metav1.ObjectMeta{
		change(func(after, before *metav1.ObjectMeta) {}),
		change(func(after, before *metav1.ObjectMeta) { after.Name = "b" }),
		change(func(after, before *metav1.ObjectMeta) { after.Namespace = "m" }),
		change(func(after, before *metav1.ObjectMeta) { after.UID = "v" }),
		change(func(after, before *metav1.ObjectMeta) { after.Generation = 1 }),
		change(func(after, before *metav1.ObjectMeta) { after.Finalizers = []string{"a.b/c"} }),
		change(func(after, before *metav1.ObjectMeta) {
			now := metav1.Unix(5, 0)
			after.DeletionTimestamp, before.DeletionTimestamp = &now, &now
			after.Finalizers = []string{"a.b/d", "a.b/c"}
		}),
	}
}

func selectors() []metav1.LabelSelector {
	with := func(key string, operator metav1.LabelSelectorOperator, values ...string) metav1.LabelSelector {
		return metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: operator, Values: values}}}
	}
	return []metav1.LabelSelector{
		{}, {MatchLabels: map[string]string{"a": "b"}}, {MatchLabels: map[string]string{"a b": "c d"}},
		with("a", "In", "b"), with("a", "In"), with("a", "NotIn"), with("a", "Exists"), with("a", "Exists", "b"), with("a", "DoesNotExist", "b"),
		with("a", "Gt", "1"), with("", "In", "b"), with("a", "In", "b c"),
	}
}

func statuses() map[string]apierrors.APIStatus {
	pods, deployments := schema.GroupResource{Resource: "pods"}, schema.GroupResource{Group: "apps", Resource: "deployments"}
	path := field.NewPath("spec", "x")
	return map[string]apierrors.APIStatus{
		"notFound":     apierrors.NewNotFound(deployments, "web"),
		"exists":       apierrors.NewAlreadyExists(pods, "web"),
		"generated":    apierrors.NewGenerateNameConflict(pods, "web", 1),
		"conflict":     apierrors.NewConflict(deployments, "web", errors.New("why")),
		"forbidden":    apierrors.NewForbidden(pods, "web", errors.New("why")),
		"forbiddenAll": apierrors.NewForbidden(pods, "", errors.New("why")),
		"unauthorized": apierrors.NewUnauthorized("Unauthorized"),
		"badRequest":   apierrors.NewBadRequest("why"),
		"expired":      apierrors.NewResourceExpired("why"),
		"method":       apierrors.NewMethodNotSupported(deployments, "patch"),
		"internal":     apierrors.NewInternalError(errors.New("why")),
		"unavailable":  apierrors.NewServiceUnavailable("why"),
		"timeout":      apierrors.NewTimeoutError("why", 3),
		"serverTime":   apierrors.NewServerTimeout(pods, "list", 3),
		"tooMany":      apierrors.NewTooManyRequests("why", 3),
		"invalid": apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "Deployment"}, "web", field.ErrorList{
			field.Required(path, ""), field.Required(path, "why"), field.Invalid(path, "a\"b", "why"), field.Invalid(path, int64(-1), "why"),
			field.Invalid(path, nil, "why"), field.Invalid(path, true, ""), field.NotSupported(path, "x", []string{"a", "b"}),
			field.Duplicate(path.Index(2), "x"), field.Forbidden(path.Key("k"), "why"), field.TooLong(path, "", 10), field.TooMany(path, 3, 2),
			field.NotFound(path, "x"), field.InternalError(path, errors.New("why")),
		}),
		"invalidOne": apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "web", field.ErrorList{field.Required(path, "")}),
	}
}

func messages(errs field.ErrorList) []string {
	texts := []string{}
	for _, err := range errs {
		texts = append(texts, err.Error())
	}
	return texts
}

func text(value any) string {
	bytes, err := json.Marshal(value)
	check(err)
	return string(bytes)
}
