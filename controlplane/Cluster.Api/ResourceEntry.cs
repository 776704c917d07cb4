using Google.Protobuf.Reflection;

namespace Cluster.Api;

/// <summary>How the catalog writes its entries: what most kinds have in common goes without saying.</summary>
/// <remarks>
/// Group, version and kind follow from the message, the list is the message of that name, the store's prefix is the plural, and every verb is
/// known.
/// </remarks>
internal static class ResourceEntry
{
    private static readonly string[] AllVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    private static readonly string[] StatusVerbs = ["get", "patch", "update"];
    private static readonly string[] StreamVerbs = ["create", "get"];
    private static readonly string[] ProxyVerbs = ["create", "delete", "get", "patch", "update"];

    public static ResourceType Namespaced(MessageDescriptor kind, string plural, params string[] shortNames) =>
        Entry(kind, plural, shortNames, namespaced: true);

    public static ResourceType Global(MessageDescriptor kind, string plural, params string[] shortNames) =>
        Entry(kind, plural, shortNames, namespaced: false);

    /// <summary><c>kubectl get all</c> shows it.</summary>
    public static ResourceType InAll(this ResourceType type) => type with { Categories = ["all"] };

    /// <summary>The group of resources it is listed with.</summary>
    public static ResourceType In(this ResourceType type, string category) => type with { Categories = [category] };

    /// <summary>The segment of store keys, where it is not the plural: Kubernetes' own layout, old names included.</summary>
    public static ResourceType StoredUnder(this ResourceType type, string segment) => type with { StoragePrefix = $"/registry/{segment}/" };

    public static ResourceType WithoutCollectionDelete(this ResourceType type) =>
        type with { Verbs = [.. type.Verbs.Where(verb => verb != "deletecollection")] };

    /// <summary>Another version of a kind, with all the stored one's names and parts.</summary>
    public static ResourceType VersionOf(this MessageDescriptor kind, ResourceType stored)
    {
        var entry = Entry(kind, stored.Plural, [.. stored.ShortNames], stored.Namespaced);
        return entry with
        {
            Categories = stored.Categories,
            StoragePrefix = null,
            StoredAs = stored.Descriptor,
            Subresources = [.. stored.Subresources.Select(part => part with { ApiVersion = entry.ApiVersion })],
        };
    }

    /// <summary>Kubernetes advises against it.</summary>
    /// <param name="type">The version.</param>
    /// <param name="since">The release that began to.</param>
    /// <param name="gone">The first release without it.</param>
    /// <param name="instead">The version to use.</param>
    public static ResourceType Deprecated(this ResourceType type, string since, string gone, ResourceType instead) =>
        type with { Warning = $"{type} is deprecated in v{since}+, unavailable in v{gone}+; use {instead}" };

    /// <summary>Kubernetes advises against it, and has no other.</summary>
    public static ResourceType Deprecated(this ResourceType type, string since) => type with { Warning = $"{type} is deprecated in v{since}+" };

    /// <summary>A question or an order and no object: it is posted, and nothing is stored.</summary>
    public static ResourceType CreatedOnly(this ResourceType type) =>
        type with { Verbs = ["create"], StoragePrefix = null, ListDescriptor = null };

    /// <summary>Made by the server when it is asked.</summary>
    public static ResourceType ReadOnly(this ResourceType type) => type with { Verbs = ["get", "list"], StoragePrefix = null };

    public static ResourceType Status(this ResourceType type) => type.Part(new Subresource("status", type.ApiVersion, type.Kind, StatusVerbs));

    public static ResourceType Scale(this ResourceType type) => type.Part(new Subresource("scale", "autoscaling/v1", "Scale", StatusVerbs));

    public static ResourceType Streamed(this ResourceType type, string name, string options) =>
        type.Part(new Subresource(name, "v1", options, StreamVerbs) { Connects = true });

    public static ResourceType Proxied(this ResourceType type, string options) =>
        type.Part(new Subresource("proxy", "v1", options, ProxyVerbs) { Connects = true });

    public static ResourceType Part(this ResourceType type, Subresource part) =>
        type with { Subresources = [.. type.Subresources.Append(part).OrderBy(other => other.Name, StringComparer.Ordinal)] };

    private static ResourceType Entry(MessageDescriptor kind, string plural, string[] shortNames, bool namespaced)
    {
        var apiVersion = ApiKinds.Of(kind)!.Value.ApiVersion;
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return new ResourceType
        {
            Group = slash < 0 ? "" : apiVersion[..slash],
            Version = apiVersion[(slash + 1)..],
            Kind = kind.Name,
            Plural = plural,
            Singular = kind.Name.ToLowerInvariant(),
            Namespaced = namespaced,
            ShortNames = shortNames,
            Verbs = AllVerbs,
            Descriptor = kind,
            ListDescriptor = kind.File.FindTypeByName<MessageDescriptor>(kind.Name + "List"),
            StoragePrefix = $"/registry/{plural}/",
        };
    }
}
