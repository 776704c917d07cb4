using Cluster.Api;
using CsCheck;

namespace Cluster.Fuzz.Tests.Generating;

/// <summary>Requests to the API: every resource by every method, with parameters and bodies that fit, nearly fit, and do not.</summary>
internal static class RequestTexts
{
    // These lead away from the server, to addresses that objects name.
    private static readonly HashSet<string> Outward = ["proxy", "exec", "attach", "portforward", "log"];

    private static readonly IReadOnlyList<ResourceType> Resources = [.. ResourceCatalog.All.Where(type => type.Group != "admissionregistration.k8s.io")];

    public static Gen<ResourceType> Resource { get; } = Gen.Int[0, Resources.Count - 1].Select(index => Resources[index]);

    private static Gen<string> Name { get; } = Gen.Frequency((5, Gen.OneOf("a", "b", "default", "kube-system", "fuzz")), (1, Texts.Any.Select(Uri.EscapeDataString)));

    public static Gen<string> Method { get; } = Gen.Frequency((8, Gen.OneOf("GET", "POST", "PUT", "PATCH", "DELETE")), (1, Gen.OneOf("HEAD", "OPTIONS", "TRACE", "NONSENSE")));

    public static Gen<string> Path { get; } = Gen.Frequency(
        (12, Gen.Select(Resource, Name, Name, Gen.Int[0, 3], Gen.Int[0, 5], PathOf)),
        (1, Gen.OneOf("/", "/api", "/apis", "/apis/apps", "/apis/apps/v1", "/openapi/v2", "/openapi/v3", "/openapi/v3/apis/apps/v1", "/version", "/healthz", "/readyz/ping", "/metrics", "/openid/v1/jwks", "/.well-known/openid-configuration", "//", "/api//v1", "/api/v1/watch/pods", "/debug/pprof")),
        (1, Texts.Any.Array[1, 6].Select(parts => string.Concat(parts.Select(part => "/" + Uri.EscapeDataString(part))))));

    public static Gen<string> Query { get; } = Gen.Select(
        Gen.OneOf("dryRun", "fieldManager", "fieldValidation", "force", "limit", "continue", "labelSelector", "fieldSelector", "resourceVersion", "resourceVersionMatch", "watch", "timeoutSeconds", "timeout",
            "allowWatchBookmarks", "sendInitialEvents", "pretty", "includeObject", "gracePeriodSeconds", "propagationPolicy", "orphanDependents", "verbose", "exclude", "nonsense"),
        Gen.Frequency(
            (5, Gen.OneOf("All", "true", "false", "0", "1", "5", "Strict", "Warn", "Ignore", "Exact", "NotOlderThan", "Object", "None", "Foreground", "a", "a=b", "metadata.name=a", "status.phase!=Running", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0")),
            (2, Texts.Any.Select(Uri.EscapeDataString)), (1, Gen.OneOf("%", "%zz", "%ff%fe", "&&", "=", "a&watch=1"))),
        (name, value) => $"{name}={value}").Array[0, 4].Select(parts => parts.Length == 0 ? "" : "?" + string.Join('&', parts));

    public static Gen<string> ContentType { get; } = Gen.Frequency(
        (5, Gen.OneOf("application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "")),
        (5, Gen.OneOf("application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml")),
        (1, Gen.OneOf("application/cbor", "text/plain", "application/json; charset=utf-16", "*/*", ";", "application/json;stream=watch", "multipart/form-data")));

    private static Gen<string> OneAccepted { get; } = Gen.Frequency(
        (4, Gen.OneOf("application/json", "application/vnd.kubernetes.protobuf", "application/yaml", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "application/*", "*/*")),
        (1, Gen.OneOf("text/html", "application/json;as=Nonsense", ";;;", "application/json;as=Table;v=v9;g=x", "a/b", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", "application/json;stream=watch", "application/json;charset=\"utf-8", "*/json", ",")));

    private static Gen<string> Quality { get; } = Gen.Frequency(
        (3, Gen.Const("")), (3, Gen.Int[0, 1000].Select(thousandths => string.Create(System.Globalization.CultureInfo.InvariantCulture, $";q={thousandths / 1000.0}"))),
        (1, Gen.OneOf(";q=", ";q=zz", ";q=-1", ";q=1e309", ";q=NaN", "; Q = 0.5 ", ";q=0.5;q=0", ";q=99999999999999999999")));

    /// <summary>Lists of media types, with and without their weights.</summary>
    public static Gen<string> Accept { get; } = Gen.Select(OneAccepted, Quality, (type, quality) => type + quality).Array[0, 4].Select(all => string.Join(", ", all));

    /// <summary>Patches, objects in JSON and in protobuf, options, and noise.</summary>
    public static Gen<byte[]> Body { get; } = Gen.Frequency(
        (6, Damage.Of(Objects.Json)), (2, Damage.Of(Objects.Any.Select(vector => vector.Protobuf))), (2, Gen.Const(Array.Empty<byte>())), (2, Damage.Of(JsonTexts.Value)),
        (1, Damage.Of(Gen.Select(Texts.Any, JsonTexts.Value, (path, value) => $"[{{\"op\":\"add\",\"path\":{JsonTexts.Quote("/metadata/" + path)},\"value\":{value}}}]"))),
        (1, Damage.Of(Gen.Select(Resource, Name, JsonTexts.Object, (type, name, spec) => $"{{\"apiVersion\":\"{type.ApiVersion}\",\"kind\":\"{type.Kind}\",\"metadata\":{{\"name\":\"{name}\"}},\"spec\":{spec}}}"))),
        (1, Damage.Of(SchemaTexts.Any.Select(Definition))));

    private static string Definition(string schema) => """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","kind":"Widget"},
        "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":SCHEMA}}}}]}}
        """.Replace("SCHEMA", schema, StringComparison.Ordinal);

    private static string PathOf(ResourceType type, string space, string name, int depth, int part)
    {
        var root = type.Group.Length == 0 ? $"/api/{type.Version}" : $"/apis/{type.Group}/{type.Version}";
        var parts = type.Subresources.Where(one => !Outward.Contains(one.Name)).ToList();
        var collection = type.Namespaced && depth != 3 ? $"{root}/namespaces/{space}/{type.Plural}" : $"{root}/{type.Plural}";
        return depth == 0 || (depth == 3 && type.Namespaced) ? collection : part < parts.Count ? $"{collection}/{name}/{parts[part].Name}" : $"{collection}/{name}";
    }
}
