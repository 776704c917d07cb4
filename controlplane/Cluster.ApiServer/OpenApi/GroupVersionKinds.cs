using System.Text.Json.Nodes;
using Cluster.Api;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>Which apiVersion and kind each message is: what clients find a schema by (<c>x-kubernetes-group-version-kind</c>).</summary>
internal static class GroupVersionKinds
{
    public const string Extension = "x-kubernetes-group-version-kind";

    private static readonly Dictionary<MessageDescriptor, List<(string Group, string Version, string Kind)>> Known = Collect();

    /// <summary>The extension's value for a schema; null for a message that is no kind.</summary>
    public static JsonArray? For(MessageDescriptor message) =>
        Known.TryGetValue(message, out var kinds) ? [.. kinds.Select(kind => (JsonNode)Node(kind.Group, kind.Version, kind.Kind))] : null;

    public static JsonObject Node(string group, string version, string kind) =>
        new() { ["group"] = group, ["kind"] = kind, ["version"] = version };

    /// <summary>Takes an apiVersion apart.</summary>
    public static (string Group, string Version) Split(string apiVersion) =>
        apiVersion.IndexOf('/') is var slash and >= 0 ? (apiVersion[..slash], apiVersion[(slash + 1)..]) : ("", apiVersion);

    private static Dictionary<MessageDescriptor, List<(string Group, string Version, string Kind)>> Collect()
    {
        var known = new Dictionary<MessageDescriptor, List<(string, string, string)>>();
        foreach (var type in ResourceCatalog.All)
        {
            Add(type.Descriptor, type.Group, type.Version, type.Kind);
            if (type.ListDescriptor is { } list)
                Add(list, type.Group, type.Version, type.ListKind);
        }

        foreach (var (apiVersion, kind, message) in BodyKinds.OutsideCatalog)
            Add(message, Split(apiVersion).Group, Split(apiVersion).Version, kind);
        Add(Cluster.Api.MetaV1.Status.Descriptor, "", "v1", "Status");
        // Every group accepts the options and sends the events of its own version.
        foreach (var (group, version) in ResourceCatalog.All.Select(type => (type.Group, type.Version)).Distinct())
        {
            Add(Cluster.Api.MetaV1.DeleteOptions.Descriptor, group, version, "DeleteOptions");
            Add(Cluster.Api.MetaV1.WatchEvent.Descriptor, group, version, "WatchEvent");
        }

        return known;

        void Add(MessageDescriptor message, string group, string version, string kind)
        {
            if (!known.TryGetValue(message, out var kinds))
                known[message] = kinds = [];
            if (!kinds.Contains((group, version, kind)))
                kinds.Add((group, version, kind));
        }
    }
}
