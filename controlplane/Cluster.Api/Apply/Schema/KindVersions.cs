using System.Text.Json.Nodes;
using Cluster.Api.Conversion;
using Cluster.Api.Json;

namespace Cluster.Api.Apply.Schema;

/// <summary>The versions a kind is served in, and the way of an object from one to another. Immutable.</summary>
/// <param name="spoken">The version of the objects at hand.</param>
/// <param name="others">Those that owners of fields may have written in besides; none for an added kind.</param>
internal sealed class KindVersions(KindVersion spoken, IEnumerable<KindVersion> others)
{
    private readonly Dictionary<string, KindVersion> all = others.ToDictionary(version => version.ApiVersion, StringComparer.Ordinal);

    public KindVersion Spoken { get; } = spoken;

    /// <summary>The version of a name; null: the kind is not served in it, or no more.</summary>
    public KindVersion? Find(string apiVersion) => apiVersion == Spoken.ApiVersion ? Spoken : all.GetValueOrDefault(apiVersion);

    /// <summary>Versions the kind is served in too, which objects are not brought into here.</summary>
    public IReadOnlySet<string> Kept { get; init; } = new HashSet<string>();

    /// <summary>The kind is not served in the version, or no more.</summary>
    public bool IsGone(string apiVersion) => Find(apiVersion) is null && !Kept.Contains(apiVersion);

    /// <summary>An object in another version; null stays null.</summary>
    public static IApiObject? Convert(IApiObject? obj, KindVersion to) => obj is null ? null : Conversions.Convert(obj, to.Message!);

    /// <summary>An object's tree in another version; its own gives the same tree.</summary>
    /// <exception cref="JsonDecodeException">It is no object of the kind.</exception>
    public static JsonObject Convert(JsonObject tree, KindVersion from, KindVersion to) =>
        from == to ? tree : to.Trees.ToTree(Convert(from.Trees.FromTree(tree), to));
}
