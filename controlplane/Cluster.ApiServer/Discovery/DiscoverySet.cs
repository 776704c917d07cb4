using System.Buffers;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Json;
using Google.Protobuf;

namespace Cluster.ApiServer.Discovery;

/// <summary>All documents of discovery for one set of resources, by path. Immutable; made whole when the resources change.</summary>
internal sealed class DiscoverySet
{
    public const string Json = "application/json";
    public const string AggregatedV2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    public const string AggregatedV2Beta1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

    private readonly Dictionary<(string Path, string Form), CachedDocument> _documents = [];

    public DiscoverySet(IReadOnlyList<ResourceType> served, string serverAddress)
    {
        var documents = new DiscoveryDocuments(served);
        Add("/api", documents.Versions(serverAddress), "APIVersions");
        Add("/apis", documents.GroupList(), "APIGroupList");
        foreach (var version in documents.CoreVersions)
            Add($"/api/{version}", documents.Resources("", version), "APIResourceList");
        foreach (var group in documents.Groups)
        {
            Add($"/apis/{group.Key}", DiscoveryDocuments.Group(group), "APIGroup");
            foreach (var version in group)
                Add($"/apis/{group.Key}/{version}", documents.Resources(group.Key, version), "APIResourceList");
        }

        AddAggregated("/api", new AggregatedDiscovery(served).List(core: true));
        AddAggregated("/apis", new AggregatedDiscovery(served).List(core: false));
        _documents[("/", Json)] = new CachedDocument(JsonText.Bytes(new JsonObject { ["paths"] = Paths(documents) }), Json);
    }

    /// <summary>The document of a path in one of the forms; null: there is none.</summary>
    public CachedDocument? Find(string path, string form) => _documents.GetValueOrDefault((path, form));

    /// <summary>Where everything begins: what a person who asks for the root wants to know.</summary>
    private static JsonArray Paths(DiscoveryDocuments documents)
    {
        IEnumerable<string> paths =
        [
            "/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version",
            .. documents.CoreVersions.Select(version => $"/api/{version}"),
            .. documents.Groups.Select(group => $"/apis/{group.Key}"),
            .. documents.Groups.SelectMany(group => group.Select(version => $"/apis/{group.Key}/{version}")),
        ];
        return [.. paths.Order(StringComparer.Ordinal).Select(path => (JsonNode)path)];
    }

    private void AddAggregated(string path, IMessage list)
    {
        _documents[(path, AggregatedV2)] = Document(list, "apidiscovery.k8s.io/v2", "APIGroupDiscoveryList", AggregatedV2);
        _documents[(path, AggregatedV2Beta1)] = Document(list, "apidiscovery.k8s.io/v2beta1", "APIGroupDiscoveryList", AggregatedV2Beta1);
    }

    private void Add(string path, IMessage message, string kind) => _documents[(path, Json)] = Document(message, "v1", kind, Json);

    private static CachedDocument Document(IMessage message, string apiVersion, string kind, string contentType)
    {
        var json = new ArrayBufferWriter<byte>();
        JsonCodec.Encode(message, json, apiVersion, kind, resourceVersion: null);
        return new CachedDocument(json.WrittenSpan.ToArray(), contentType);
    }
}
