using System.Security.Cryptography;
using System.Text;
using Cluster.Api;
using Cluster.Api.MetaV1;

namespace Cluster.ApiServer.Discovery;

/// <summary>The plain form of discovery: groups and resource lists.</summary>
/// <param name="served">All resources, in discovery's order.</param>
internal sealed class DiscoveryDocuments(IReadOnlyList<ResourceType> served)
{
    /// <summary>Groups other than core, in order, with their versions, the preferred one first.</summary>
    public IEnumerable<IGrouping<string, string>> Groups => served
        .Where(type => type.Group.Length > 0)
        .DistinctBy(type => (type.Group, type.Version))
        .GroupBy(type => type.Group, type => type.Version);

    public IEnumerable<string> CoreVersions => served.Where(type => type.Group.Length == 0).Select(type => type.Version).Distinct();

    public APIVersions Versions(string serverAddress)
    {
        var versions = new APIVersions
        {
            ServerAddressByClientCIDRs = { new ServerAddressByClientCIDR { ClientCIDR = "0.0.0.0/0", ServerAddress = serverAddress } },
        };
        versions.Versions.Add(CoreVersions);
        return versions;
    }

    public APIGroupList GroupList()
    {
        var list = new APIGroupList();
        list.Groups.Add(Groups.Select(Group));
        return list;
    }

    public static APIGroup Group(IGrouping<string, string> versions)
    {
        var group = new APIGroup { Name = versions.Key };
        group.Versions.Add(versions.Select(version => new GroupVersionForDiscovery { GroupVersion = $"{versions.Key}/{version}", Version = version }));
        group.PreferredVersion = group.Versions[0].Clone();
        return group;
    }

    public APIResourceList Resources(string group, string version)
    {
        var types = served.Where(type => type.Group == group && type.Version == version).ToList();
        var list = new APIResourceList { GroupVersion = types[0].ApiVersion };
        list.Resources.Add(types.SelectMany(type => (IEnumerable<APIResource>)[Resource(type), .. type.Subresources.Select(sub => Part(type, sub))])
            .OrderBy(resource => resource.Name, StringComparer.Ordinal));
        return list;
    }

    private static APIResource Resource(ResourceType type)
    {
        var resource = new APIResource
        {
            Name = type.Plural,
            SingularName = type.Singular,
            Namespaced = type.Namespaced,
            Kind = type.Kind,
            Verbs = new Verbs { Items = { type.Verbs } },
            ShortNames = { type.ShortNames },
            Categories = { type.Categories },
        };
        if (type.Storage.StoragePrefix is not null)
            resource.StorageVersionHash = StorageVersionHash(type.Storage);
        return resource;
    }

    private static APIResource Part(ResourceType type, Subresource sub)
    {
        var part = new APIResource
        {
            Name = $"{type.Plural}/{sub.Name}",
            Namespaced = type.Namespaced,
            Kind = sub.Kind,
            Verbs = new Verbs { Items = { sub.Verbs } },
        };
        if (sub.ApiVersion == type.ApiVersion)
            return part;
        // A body of another group is named in full.
        var kind = KindOf(sub);
        (part.Group, part.Version) = (kind.Group, kind.Version);
        return part;
    }

    internal static GroupVersionKind KindOf(Subresource sub)
    {
        var slash = sub.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        return new GroupVersionKind
        {
            Group = slash < 0 ? "" : sub.ApiVersion[..slash],
            Version = sub.ApiVersion[(slash + 1)..],
            Kind = sub.Kind,
        };
    }

    /// <summary>Tells clients when the stored version of a kind changes: part of a hash of its name.</summary>
    private static string StorageVersionHash(ResourceType type) =>
        Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{type.Group}/{type.Version}/{type.Kind}")).AsSpan(0, 8));
}
